using System.Text.Json;
using TrafficMigration.Traffic;

namespace TrafficMigration.Migration;

/// <summary>A run's samples, a line of JSON each, beside its journal. No step of a run rests on them.</summary>
/// <remarks>May be used by several threads at once.</remarks>
internal sealed class SeriesFile : IDisposable
{
    private readonly FileStream _file;
    private readonly Action<string> _onTrouble;
    private readonly object _writing = new();
    private bool _hasFailed;

    private SeriesFile(string path, Action<string> onTrouble)
    {
        _onTrouble = onTrouble;
        // A line at a time, so that others can read along; not forced to the disk, as a journal is.
        _file = PrivateFile.Open(path, FileMode.Append, FileAccess.Write, FileShare.Read);
    }

    private sealed record Line(LinkSample? Link, StreamSample? Stream);

    /// <summary>Opens a run's samples to add to them; <see langword="null"/> where that cannot be.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onTrouble">Is told once, from any thread, that no more is recorded, and why.</param>
    public static SeriesFile? Open(string path, Action<string> onTrouble)
    {
        try
        {
            return new SeriesFile(path, onTrouble);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            onTrouble(Trouble(path, e));
            return null;
        }
    }

    /// <summary>Reads what was recorded; nothing where there is no such file. Lines that a crash or a full disk cut are left out.</summary>
    public static RunSeries Read(string path)
    {
        var links = new List<LinkSample>();
        var streams = new List<StreamSample>();
        if (!File.Exists(path))
        {
            return new RunSeries(links, streams);
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        while (reader.ReadLine() is { } text)
        {
            try
            {
                Line? line = JsonSerializer.Deserialize<Line>(text, Journal.Format);
                if (line?.Link is { } link)
                {
                    links.Add(link);
                }

                if (line?.Stream is { } stream)
                {
                    streams.Add(stream);
                }
            }
            catch (JsonException)
            {
                // A killed process leaves half a line, and the one that takes the run up writes on behind it.
            }
        }

        return new RunSeries([.. links.OrderBy(l => l.Time)], [.. streams.OrderBy(s => s.Time)]);
    }

    /// <summary>Records what was measured on a host.</summary>
    public void Add(HostMeasurement measured)
    {
        HostTraffic host = measured.Host;
        Write(new Line(
            new LinkSample(
                host.HostName, host.SampledAt ?? DateTimeOffset.Now, host.Window ?? TimeSpan.Zero, host.BackgroundTxBitsPerSecond,
                host.BackgroundRxBitsPerSecond, host.LinkBitsPerSecond,
                [.. measured.VirtualMachines.Select(v => new VMLinkSample(v.VMName, v.TxBitsPerSecond, v.RxBitsPerSecond))]),
            null));
    }

    /// <summary>Records a look at a migration.</summary>
    public void Add(StreamSample sample) => Write(new Line(null, sample));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static string Trouble(string path, Exception e) => $"The traffic of this run is not recorded (any more), in '{path}': {e.Message}";

    private void Write(Line line)
    {
        byte[] text = [.. JsonSerializer.SerializeToUtf8Bytes(line, Journal.Format), (byte)'\n'];
        lock (_writing)
        {
            if (_hasFailed)
            {
                return;
            }

            try
            {
                _file.Write(text);
            }
            catch (IOException e)
            {
                _hasFailed = true;
                _onTrouble(Trouble(_file.Name, e));
            }
        }
    }
}
