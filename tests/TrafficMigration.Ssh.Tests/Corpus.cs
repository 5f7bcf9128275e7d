using Xunit;

namespace TrafficMigration.Tests;

/// <summary>The hostile files: each is named for what it tries, and, where it may be read or not, for which it is to be.</summary>
internal static class Corpus
{
    public static string Folder(string kind) => Path.Combine(AppContext.BaseDirectory, "Hostile", kind);

    public static byte[] Read(string kind, string name) => File.ReadAllBytes(Path.Combine(Folder(kind), name));

    /// <summary>Writes a file that nobody else may write: of another one ssh_config takes nothing.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    public static TheoryData<string> Names(string kind) =>
        [.. Directory.GetFiles(Folder(kind)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
