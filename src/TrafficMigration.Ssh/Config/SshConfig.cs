namespace TrafficMigration.Ssh;

/// <summary>What OpenSSH's client configuration says, ssh_config(5): the user's file first, then the machine's.</summary>
/// <param name="userFile">The user's file; <see langword="null"/> for none.</param>
/// <param name="machineFile">The machine's file; <see langword="null"/> for none.</param>
/// <param name="home">The user's home, for <c>~</c> and <c>%d</c>.</param>
internal sealed class SshConfig(string? userFile, string? machineFile, string home)
{
    private const int DeepestInclude = 16;
    private const int MostFiles = 1000;

    /// <summary>A configuration that says nothing.</summary>
    public static SshConfig Empty { get; } = new(null, null, string.Empty);

    /// <summary>The configuration of the current user on this machine.</summary>
    public static SshConfig OfUser(string home) => new(
        Path.Combine(home, ".ssh", "config"),
        OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "ssh", "ssh_config")
            : "/etc/ssh/ssh_config",
        home);

    /// <summary>Reads the files anew and says what counts for a host.</summary>
    /// <param name="host">The host as the user named it.</param>
    /// <param name="user">The login name that was asked for; <see langword="null"/> for none.</param>
    /// <param name="port">The port that was asked for; <see langword="null"/> for none.</param>
    /// <exception cref="MigrationException">
    /// <c>HostNameInvalid</c>; <c>SshConfigUnusable</c>: others may write the file, it has no end, or a value makes no sense.
    /// </exception>
    public HostSettings Resolve(string host, string? user, int? port)
    {
        if (!HostNameRule.IsName(host))
        {
            throw Failures.HostNameInvalid(host);
        }

        var values = new SshConfigValues(host, user, port, home);
        Read(values);
        return values.Settings();
    }

    /// <summary>The names that Host lines give without patterns: for completion. Never fails; what cannot be read is passed over.</summary>
    public IEnumerable<string> HostNames()
    {
        var values = new SshConfigValues(string.Empty, null, null, home);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            Read(values, names);
        }
        catch (MigrationException)
        {
            // Connecting will say it.
        }

        return names;
    }

    private void Read(SshConfigValues values, HashSet<string>? names = null)
    {
        if (userFile is not null)
        {
            Read(userFile, Path.Combine(home, ".ssh"), isUsers: true, values, 0, names);
        }

        if (machineFile is not null)
        {
            Read(machineFile, Path.GetDirectoryName(machineFile)!, isUsers: false, values, 0, names);
        }
    }

    private void Read(string path, string folder, bool isUsers, SshConfigValues values, int depth, HashSet<string>? names)
    {
        // As ssh does; files that include each other more than once would else be read until the end of days.
        if (depth > DeepestInclude)
        {
            throw Failures.SshConfigUnusable(values.Host, $"'{path}'", $"it is included more than {DeepestInclude} deep");
        }

        if (++values.FileCount > MostFiles)
        {
            throw Failures.SshConfigUnusable(values.Host, $"'{path}'", $"more than {MostFiles} files are included");
        }

        bool applies = true;
        foreach (SshConfigLine line in Lines(path, isUsers, values))
        {
            switch (line.Keyword)
            {
                case "host":
                    applies = values.IsHost(line);
                    names?.UnionWith(line.Arguments.Where(name => name.AsSpan().IndexOfAny("*?!") < 0));
                    break;
                case "match":
                    applies = values.Matches(line);
                    break;
                case "include" when applies || names is not null:
                    foreach (string file in line.Arguments.SelectMany(pattern => Files(pattern, folder, line, values)))
                    {
                        Read(file, folder, isUsers, values, depth + 1, names);
                    }

                    break;
                case "include":
                    break;
                default:
                    if (applies)
                    {
                        values.Take(line);
                    }

                    break;
            }
        }
    }

    private static IEnumerable<SshConfigLine> Lines(string path, bool isUsers, SshConfigValues values)
    {
        string[] lines;
        try
        {
            lines = SettingsFile.ReadLines(path);
            // As ssh does: who may write this file chooses whom the user's keys are shown to.
            if (isUsers && !OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
            {
                throw Failures.SshConfigUnusable(values.Host, $"'{path}'", "others than its owner may write it");
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            values.Warn($"'{path}' cannot be read: {e.Message}");
            return [];
        }

        if (Array.FindIndex(lines, text => text.Contains('\0', StringComparison.Ordinal)) is >= 0 and var at)
        {
            throw Failures.SshConfigUnusable(values.Host, $"'{path}', line {at + 1}", "it holds a NUL, so this is no text");
        }

        return lines.Select((text, index) => SshConfigLine.TryParse(text, path, index + 1)).OfType<SshConfigLine>();
    }

    /// <summary>The files that an Include means, in the order of their names.</summary>
    private IEnumerable<string> Files(string pattern, string folder, SshConfigLine line, SshConfigValues values)
    {
        string full = Path.Combine(folder, SshConfigValues.Home(pattern, home));
        string within = Path.GetDirectoryName(full) ?? folder;
        string name = Path.GetFileName(full);
        if (within.AsSpan().IndexOfAny("*?[") >= 0 || name.Contains('[', StringComparison.Ordinal))
        {
            values.Warn($"{line}: of patterns only * and ? in the file's name are supported, so '{pattern}' is not read");
            return [];
        }

        if (name.AsSpan().IndexOfAny("*?") < 0)
        {
            return [full];
        }

        // As glob(3): a star means no hidden file.
        return Directory.Exists(within)
            ? Directory.EnumerateFiles(within)
                .Where(file => Path.GetFileName(file) is var found && !found.StartsWith('.') && Glob.Fits(name, found))
                .Order(StringComparer.Ordinal)
            : [];
    }
}
