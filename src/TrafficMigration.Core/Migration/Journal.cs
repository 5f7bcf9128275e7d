using System.Text.Json;
using System.Text.Json.Serialization;

namespace TrafficMigration.Migration;

/// <summary>The journal of one run: a line of JSON for all that happens, on the disk before the next step is taken.</summary>
/// <remarks>Held open for writing as long as a process drives the run, so that no second one can. May be used by several threads at once.</remarks>
internal sealed class Journal : IDisposable
{
    internal static readonly JsonSerializerOptions Format = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    private readonly FileStream _file;
    private readonly FileStream _driving;
    private readonly object _writing = new();
    private long _whole;

    private Journal(FileStream file, FileStream driving)
    {
        _file = file;
        _driving = driving;
        _whole = file.Length;
    }

    /// <summary>Opens a journal, and keeps every other process from doing so.</summary>
    /// <exception cref="MigrationException"><c>RunIsDriven</c> if another process has it; <c>JournalUnwritable</c>.</exception>
    public static Journal Open(string path, FileMode mode)
    {
        FileStream driving;
        try
        {
            // A file of its own: on Unix .NET locks a file exclusively only where it shares it with nobody, and the
            // journal must be readable all the time. The lock ends with the process, however that ends.
            driving = PrivateFile.Open(LockOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsHeld(path))
        {
            throw Failures.RunIsDriven(Path.GetFileNameWithoutExtension(path), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failures.JournalUnwritable(path, e);
        }

        try
        {
            return new Journal(PrivateFile.Open(path, mode, FileAccess.ReadWrite, FileShare.Read), driving);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            driving.Dispose();
            throw Failures.JournalUnwritable(path, e);
        }
    }

    /// <summary>Whether some process drives the run of a journal.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            using var probe = new FileStream(LockOf(path), FileMode.Open, FileAccess.Read, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false; // somebody else's journal: it can be read, and not driven from here
        }
    }

    private static string LockOf(string path) => Path.ChangeExtension(path, ".lock");

    /// <summary>Reads the entries of a journal. A last line that was cut off by a crash or a full disk is left out.</summary>
    public static IReadOnlyList<JournalEntry> Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var entries = new List<JournalEntry>();
        while (reader.ReadLine() is { } line)
        {
            try
            {
                if (JsonSerializer.Deserialize<JournalEntry>(line, Format) is { } entry)
                {
                    entries.Add(entry);
                }
            }
            catch (JsonException) when (reader.EndOfStream)
            {
                break;
            }
            catch (JsonException e)
            {
                throw Failures.JournalDamaged(path, e);
            }
        }

        return entries;
    }

    /// <summary>Writes an entry and waits until it is on the disk.</summary>
    /// <exception cref="MigrationException"><c>JournalUnwritable</c>; the journal is then as it was before.</exception>
    public void Append(JournalEntry entry)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(entry, Format), (byte)'\n'];
        lock (_writing)
        {
            try
            {
                _file.Position = _whole;
                _file.Write(line);
                _file.Flush(flushToDisk: true);
                _whole += line.Length;
            }
            catch (IOException e)
            {
                throw Failures.JournalUnwritable(_file.Name, e);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            // Half a line that a full disk left.
            _file.SetLength(_whole);
        }
        catch (IOException)
        {
            // A reader leaves it out.
        }

        _file.Dispose();
        _driving.Dispose();
    }
}
