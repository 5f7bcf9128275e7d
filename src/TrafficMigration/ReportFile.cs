using System.Text;

namespace TrafficMigration.Commands;

/// <summary>Writes a report so that there is the whole file, or what was there before.</summary>
internal static class ReportFile
{
    /// <param name="path">The file, as an absolute path.</param>
    /// <param name="noClobber">Whether a file that exists is left as it is.</param>
    /// <param name="force">Whether a file that is read-only is replaced, too.</param>
    /// <exception cref="MigrationException"><c>ReportExists</c>, <c>ReportUnwritable</c>.</exception>
    public static void Check(string path, bool noClobber, bool force)
    {
        if (Directory.Exists(path))
        {
            throw Failures.ReportUnwritable(path, "it is a folder");
        }

        if (noClobber && File.Exists(path))
        {
            throw Failures.ReportExists(path);
        }

        if (!force && File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly))
        {
            throw Failures.ReportUnwritable(path, "the file is read-only; -Force replaces it");
        }
    }

    /// <summary>Writes the text as UTF-8 without a byte order mark.</summary>
    /// <exception cref="MigrationException"><c>ReportExists</c>, <c>ReportUnwritable</c>.</exception>
    public static FileInfo Write(string path, string text, bool noClobber, bool force)
    {
        Check(path, noClobber, force);
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
            throw noClobber && File.Exists(path) ? Failures.ReportExists(path) : Failures.ReportUnwritable(path, e.Message, e);
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
            // What kept the report from being written may keep this from it, too; the report's error is the one that matters.
        }
    }
}
