namespace TrafficMigration.Kvm;

/// <summary>Text for a POSIX shell. The one place where a value becomes a part of a remote command.</summary>
public static class ShellText
{
    /// <summary>Quotes a value so that a POSIX shell reads it back unchanged as one word, whatever it holds.</summary>
    /// <exception cref="ArgumentException">The value holds a NUL character, which no shell word can carry.</exception>
    /// <remarks>POSIX.1-2017, Shell Command Language, 2.2.2: nothing is special between single quotes.</remarks>
    public static string Quote(string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A shell word cannot hold a NUL character.", nameof(value));
        }

        return "'" + value.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }

    /// <summary>A command line that runs a script with its arguments.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Quote"/>.</exception>
    internal static string Script(string script, IReadOnlyList<string> arguments) =>
        $"sh -c {Quote(script)} sh {string.Join(' ', arguments.Select(Quote))}";
}
