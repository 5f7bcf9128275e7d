using System.Management.Automation;
using System.Text;

namespace TrafficMigration.Commands;

/// <summary>A file that a cmdlet writes: afterwards there is the whole file, or what was there before.</summary>
/// <param name="noClobber">Whether a file that exists is left as it is.</param>
/// <param name="force">Whether a file that is read-only is replaced, too.</param>
/// <param name="exists">The error of a file that is left as it is, from its path.</param>
/// <param name="unwritable">The error of a file that cannot be written, from its path, the reason and the cause.</param>
internal sealed class OutputFile(
    bool noClobber, bool force, Func<string, MigrationException> exists, Func<string, string, Exception?, MigrationException> unwritable)
{
    /// <summary>The absolute path of what the user named.</summary>
    /// <exception cref="MigrationException">It names no file, or what may not be written.</exception>
    public string Resolve(SessionState session, string given)
    {
        try
        {
            string path = session.Path.GetUnresolvedProviderPathFromPSPath(given, out ProviderInfo provider, out _);
            if (provider.Name != "FileSystem")
            {
                throw unwritable(given, $"it is in {provider.Name}, and no file", null);
            }

            Check(path);
            return path;
        }
        catch (SessionStateException e)
        {
            throw unwritable(given, e.Message, e);
        }
    }

    /// <summary>Writes the text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="MigrationException">The file exists, or cannot be written.</exception>
    public FileInfo Write(string path, string text)
    {
        Check(path);
        // In the same folder, so that the move is no copy.
        string draft = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Path.GetRandomFileName()}");
        try
        {
            File.WriteAllText(draft, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(draft, path, overwrite: !noClobber);
            return new FileInfo(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            Discard(draft);
            throw noClobber && File.Exists(path) ? exists(path) : unwritable(path, e.Message, e);
        }
    }

    private void Check(string path)
    {
        if (Directory.Exists(path))
        {
            throw unwritable(path, "it is a folder", null);
        }

        if (noClobber && File.Exists(path))
        {
            throw exists(path);
        }

        if (!force && File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly))
        {
            throw unwritable(path, "the file is read-only; -Force replaces it", null);
        }
    }

    private static void Discard(string draft)
    {
        try
        {
            File.Delete(draft);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What kept the file from being written may keep this from it, too; the file's error is the one that matters.
        }
    }
}
