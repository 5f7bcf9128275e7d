using System.Globalization;
using System.Reflection;

namespace TrafficMigration.Benchmarks.Hosts;

/// <summary>The recorded output of the sampler, cut into the parts that <c>replay.bash</c> puts together again.</summary>
internal static class Recording
{
    /// <summary>Name of the script among the files that <see cref="WriteTo"/> writes.</summary>
    public const string Script = "replay.bash";

    /// <summary>Writes the parts and the script into a directory.</summary>
    public static void WriteTo(string directory, HostsOptions options)
    {
        string[] lines = Resource("recorded-sampler-output.txt").Split('\n');
        int sample = Array.FindIndex(lines, line => line.StartsWith("@sample ", StringComparison.Ordinal));
        int counted = Array.FindIndex(lines, line => line.StartsWith("@counted ", StringComparison.Ordinal));
        string[] counters = [.. lines[(sample + 3)..counted].Select(Advancing)];
        string vm = counters.Last(line => line.TrimStart().StartsWith("vnet", StringComparison.Ordinal));
        int known = counters.Count(line => line.TrimStart().StartsWith("vnet", StringComparison.Ordinal));
        IEnumerable<string> more = Enumerable.Range(known, Math.Max(0, options.Links - known))
            .Select(i => $"vnet{(100 + i).ToString(CultureInfo.InvariantCulture)}{vm[vm.IndexOf(':', StringComparison.Ordinal)..]}");
        Write("facts", lines[..sample]);
        Write("head", lines[(sample + 1)..(sample + 3)]);
        Write("counters", [.. counters, .. more]);
        Write("interval", [options.Interval.TotalSeconds.ToString(CultureInfo.InvariantCulture)]);
        Write("writes", [options.Writes.ToString(CultureInfo.InvariantCulture)]);
        File.WriteAllText(Path.Combine(directory, Script), Resource(Script));

        void Write(string name, IEnumerable<string> part) => File.WriteAllLines(Path.Combine(directory, name), part);
    }

    /// <summary>A line of /proc/net/dev whose bytes and packets, both ways, grow with the number of the sample.</summary>
    private static string Advancing(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (int direction in new[] { 1, 9 })
        {
            fields[direction] += "COUNT000";
            fields[direction + 1] += "COUNT";
        }

        return string.Join(' ', fields);
    }

    private static string Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} was not built in.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
