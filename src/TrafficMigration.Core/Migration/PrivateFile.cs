namespace TrafficMigration.Migration;

/// <summary>Files that tell about a site, or whose lock somebody else must not hold: readable and writable by their owner alone.</summary>
internal static class PrivateFile
{
    /// <summary>Opens a file, unbuffered; one that is made has mode 600.</summary>
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share)
    {
        var how = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode is not (FileMode.Open or FileMode.Truncate))
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, how);
    }
}
