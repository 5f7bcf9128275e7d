using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>Records the keys of new hosts in the user's known_hosts file, as ssh does.</summary>
internal static class HostKeyRecorder
{
    /// <summary>Appends a key.</summary>
    /// <param name="path">The file; it and its folder are made, for their owner alone, if they are not there.</param>
    /// <param name="target">The host.</param>
    /// <param name="key">Its key, as it travels on the wire.</param>
    /// <exception cref="IOException">The file cannot be written, or the name cannot stand in it.</exception>
    /// <exception cref="UnauthorizedAccessException">As before.</exception>
    public static void Record(string path, Target target, ReadOnlySpan<byte> key)
    {
        string name = HostPattern.NameOf(target.KnownAs, target.KnownPort);
        // A space would end the name, a star would make it a pattern for other hosts.
        if (name.Any(c => !char.IsAsciiLetterOrDigit(c) && !"._-:[]%".Contains(c, StringComparison.Ordinal)))
        {
            throw new IOException($"'{name}' is no name for such a file");
        }

        string type = KnownHost.TypeOf(key);
        if (type.Length == 0)
        {
            throw new IOException("the key does not say what type it is of");
        }

        string line = $"{(target.Settings.HashKnownHosts ? HostPattern.Hidden(name) : name)} {type} {Convert.ToBase64String(key)}\n";
        MakeFolder(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            line = file.ReadByte() == '\n' ? line : "\n" + line;
        }

        file.Write(Encoding.ASCII.GetBytes(line));
    }

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
