using System.Text;

namespace TrafficMigration.Ssh;

/// <summary>A file of OpenSSH's, ssh_config or known_hosts, as its lines.</summary>
internal static class SettingsFile
{
    /// <summary>A hundred thousand hosts have room in it; a device that never ends has not.</summary>
    private const int MostBytes = 16 << 20;

    /// <summary>Reads a file. As in OpenSSH only a line feed ends a line: whatever else looks like an end is a part of it.</summary>
    /// <exception cref="IOException">It cannot be read, or is longer than such a file ever is.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string[] ReadLines(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new FileNotFoundException("No file's name holds a NUL.");
        }

        using FileStream file = File.OpenRead(path);
        using var content = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        for (int count; (count = file.Read(buffer)) > 0;)
        {
            content.Write(buffer, 0, count);
            if (content.Length > MostBytes)
            {
                throw new IOException($"it has more than {MostBytes} bytes.");
            }
        }

        return Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length).TrimStart('\uFEFF').Split('\n');
    }
}
