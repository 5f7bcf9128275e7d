using System.Globalization;

namespace TrafficMigration.Benchmarks.Hosts;

/// <summary>What is measured with how much.</summary>
/// <param name="Hosts">Number of hosts.</param>
/// <param name="Interval">Time between two samples of a host.</param>
/// <param name="Links">Network links of VMs on each host; two are in the recording.</param>
/// <param name="Writes">
/// With how many writes a host prints a sample: the programs of a shell script write one after another (3), and each
/// write is a packet to receive, decrypt and wake up for.
/// </param>
/// <param name="Window">Length of the measurement, once all hosts are sampled.</param>
internal sealed record HostsOptions(int Hosts, TimeSpan Interval, int Links, int Writes, TimeSpan Window)
{
    /// <summary>The names, for a usage line.</summary>
    public const string Usage = "[--hosts 200] [--interval SECONDS] [--links 30] [--writes 1|3] [--window SECONDS]";

    private const int MostHosts = 250;

    /// <summary>Reads the command line.</summary>
    public static HostsOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new HostsOptions(200, TimeSpan.FromSeconds(1), 30, 1, TimeSpan.FromSeconds(30));
        for (int i = 0; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count
                || !double.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out double value)
                || value <= 0)
            {
                return null;
            }

            HostsOptions? next = arguments[i] switch
            {
                "--hosts" when value <= MostHosts => options with { Hosts = (int)value },
                "--interval" => options with { Interval = TimeSpan.FromSeconds(value) },
                "--links" => options with { Links = (int)value },
                "--writes" when value is 1 or 3 => options with { Writes = (int)value },
                "--window" => options with { Window = TimeSpan.FromSeconds(value) },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options;
    }

    /// <summary>The same as a command line.</summary>
    public IEnumerable<string> ToArguments() =>
    [
        "--hosts", Hosts.ToString(CultureInfo.InvariantCulture),
        "--interval", Interval.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        "--links", Links.ToString(CultureInfo.InvariantCulture),
        "--writes", Writes.ToString(CultureInfo.InvariantCulture),
        "--window", Window.TotalSeconds.ToString(CultureInfo.InvariantCulture),
    ];
}
