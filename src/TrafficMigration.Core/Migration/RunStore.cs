namespace TrafficMigration.Migration;

/// <summary>The folder in which a user's runs keep their journals: a file <c>ID.jsonl</c> a run.</summary>
/// <param name="folder">The folder; made when the first run begins.</param>
public sealed class RunStore(string folder)
{
    private const string Extension = ".jsonl";

    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>
    /// The current user's folder: <c>$XDG_STATE_HOME/trafficmigration</c>, or <c>~/.local/state/trafficmigration</c>
    /// (XDG Base Directory Specification); on Windows below the local application data.
    /// </summary>
    public static string DefaultFolder => Path.Combine(
        OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
        : Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state) ? state
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"),
        "trafficmigration");

    /// <summary>All runs, the newest first. What cannot be read as a journal is handed to <paramref name="onDamaged"/>.</summary>
    public IReadOnlyList<MigrationRunRecord> List(Action<MigrationException> onDamaged)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        var runs = new List<MigrationRunRecord>();
        foreach (string path in Directory.EnumerateFiles(folder, "*" + Extension))
        {
            try
            {
                if (Load(path) is { } run)
                {
                    runs.Add(run);
                }
            }
            catch (MigrationException e)
            {
                onDamaged(e);
            }
        }

        return [.. runs.OrderByDescending(r => r.StartTime)];
    }

    /// <summary>One run.</summary>
    /// <exception cref="MigrationException"><c>RunNotFound</c>, <c>JournalDamaged</c>.</exception>
    public MigrationRunRecord Get(string id) =>
        IsId(id) && File.Exists(PathOf(id)) && Load(PathOf(id)) is { } run ? run : throw Failures.RunNotFound(id, folder);

    /// <summary>What was seen of links and memory streams while a run lasted; empty where nothing was recorded.</summary>
    /// <exception cref="MigrationException"><c>RunNotFound</c>.</exception>
    public RunSeries Series(string id) =>
        IsId(id) && File.Exists(PathOf(id)) ? SeriesFile.Read(SeriesPathOf(id)) : throw Failures.RunNotFound(id, folder);

    /// <summary>Asks the process that drives a run to end it safely, as Ctrl+C would.</summary>
    /// <exception cref="MigrationException"><c>JournalUnwritable</c>.</exception>
    public void RequestStop(string id)
    {
        try
        {
            File.WriteAllText(StopPathOf(id), "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failures.JournalUnwritable(StopPathOf(id), e);
        }
    }

    /// <summary>Begins a journal.</summary>
    /// <exception cref="MigrationException"><c>JournalUnwritable</c>: nothing was moved.</exception>
    internal Journal Create(string id)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failures.JournalUnwritable(folder, e);
        }

        return Journal.Open(PathOf(id), FileMode.CreateNew);
    }

    /// <summary>Opens the journal of a run that nobody drives.</summary>
    internal Journal Open(string id) => Journal.Open(PathOf(id), FileMode.Open);

    /// <summary>Calls when somebody asks to stop the run; ends with the returned object, which also takes the request away.</summary>
    internal IDisposable WatchForStop(string id, Action stop) => new StopWatcher(StopPathOf(id), stop);

    private string PathOf(string id) => Path.Combine(folder, id + Extension);

    /// <summary>Opens a run's samples to add to them; <see langword="null"/> where that cannot be.</summary>
    internal SeriesFile? Record(string id, Action<string> onTrouble) => SeriesFile.Open(SeriesPathOf(id), onTrouble);

    private string SeriesPathOf(string id) => Path.Combine(folder, id + ".series");

    private string StopPathOf(string id) => Path.Combine(folder, id + ".stop");

    // An id becomes a part of a path.
    private static bool IsId(string id) => id.Length > 0 && id.All(char.IsAsciiLetterOrDigit);

    private static MigrationRunRecord? Load(string path)
    {
        IReadOnlyList<JournalEntry> entries = Journal.Read(path);
        return entries is [{ Head: not null }, ..] ? MigrationRunRecord.From(entries, Journal.IsHeld(path)) : null;
    }

    private sealed class StopWatcher : IDisposable
    {
        private readonly string _path;
        private readonly FileSystemWatcher _watcher;

        public StopWatcher(string path, Action stop)
        {
            _path = path;
            File.Delete(path);
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path));
            _watcher.Created += (_, _) => stop();
            _watcher.EnableRaisingEvents = true;
        }

        public void Dispose()
        {
            _watcher.Dispose();
            File.Delete(_path);
        }
    }
}
