using System.Globalization;
using System.Text.RegularExpressions;

namespace TrafficMigration.Kvm;

/// <summary>Reads the answer to <see cref="HostSampleCommand"/>.</summary>
internal static partial class HostSampleParser
{
    /// <summary>Parses one answer.</summary>
    /// <exception cref="MigrationException"><c>AnswerNotUnderstood</c>, naming the host and what is wrong.</exception>
    public static HostSample Parse(string host, string answer)
    {
        try
        {
            return new Reader(answer).Read();
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw Failures.AnswerNotUnderstood(host, "a traffic sample", e.Message);
        }
    }

    // What `virsh list --uuid --name` prints a VM: its UUID, blanks, its name to the end of the line.
    [GeneratedRegex("^(?<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\\s+(?<name>.+)$")]
    private static partial Regex ListedDomain();

    private sealed class Reader(string answer)
    {
        private readonly List<(double Wall, double Uptime)> _clocks = [];
        private readonly Dictionary<string, string> _idByName = new(StringComparer.Ordinal);
        private readonly List<(string Name, Dictionary<string, string> Values)> _domains = [];
        private readonly Dictionary<string, (long Rx, long Tx)> _counters = new(StringComparer.Ordinal);
        private readonly List<LinkSample> _links = [];
        private string? _address;
        private long? _memory;

        public HostSample Read()
        {
            string section = "";
            foreach (string line in answer.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0))
            {
                if (line[0] == '@')
                {
                    string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    section = words[0];
                    ReadMarked(section, words);
                }
                else if (section == "@domains")
                {
                    ReadDomainLine(line);
                }
                else if (section == "@links")
                {
                    ReadCounters(line);
                }
                else
                {
                    throw new FormatException($"the line '{line}' belongs to no section");
                }
            }

            if (_clocks.Count != 2 || _memory is null)
            {
                throw new FormatException("the answer is cut off");
            }

            return new HostSample(
                (_clocks[0].Wall + _clocks[1].Wall) / 2, (_clocks[0].Uptime + _clocks[1].Uptime) / 2,
                _memory.Value, _address, [.. _domains.Select(ToDomain).OfType<DomainSample>()], _links);
        }

        private void ReadMarked(string section, string[] words)
        {
            switch (section)
            {
                case "@clock":
                    Expect(words, 3);
                    _clocks.Add((Real(words[1]), Real(words[2])));
                    break;
                case "@link":
                    AddLink(words);
                    break;
                case "@address":
                    _address = words.Length > 1 ? words[1] : null;
                    break;
                case "@memory":
                    Expect(words, 2);
                    _memory = checked(Whole(words[1]) * 1024);
                    break;
                case "@domains" or "@links":
                    break;
                default:
                    throw new FormatException($"'{section}' is no section");
            }
        }

        private void ReadDomainLine(string line)
        {
            const string Header = "Domain: '";
            if (line.StartsWith(Header, StringComparison.Ordinal) && line.EndsWith('\''))
            {
                _domains.Add((line[Header.Length..^1], new Dictionary<string, string>(StringComparer.Ordinal)));
            }
            else if (_domains.Count > 0)
            {
                string[] pair = line.Trim().Split('=', 2);
                if (pair.Length != 2)
                {
                    throw new FormatException($"'{line}' is no statistic");
                }

                _domains[^1].Values[pair[0]] = pair[1];
            }
            else if (ListedDomain().Match(line) is { Success: true } match)
            {
                _idByName[match.Groups["name"].Value] = match.Groups["id"].Value;
            }
            else
            {
                throw new FormatException($"'{line}' is no VM");
            }
        }

        /// <remarks>A line of /proc/net/dev (proc(5)): name, eight figures received, eight sent; bytes come first.</remarks>
        private void ReadCounters(string line)
        {
            if (line.Contains('|', StringComparison.Ordinal))
            {
                return;
            }

            string[] words = line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 17)
            {
                throw new FormatException($"'{line}' is no line of /proc/net/dev");
            }

            _counters[words[0]] = (Whole(words[1]), Whole(words[9]));
        }

        private void AddLink(string[] words)
        {
            Expect(words, 5);
            // A link without counters came up after they were read; the next sample has it.
            if (_counters.TryGetValue(words[1], out (long Rx, long Tx) bytes))
            {
                // /sys/class/net/NAME/speed is in Mbit/s; -1, or no answer, where the driver does not know.
                long? speed = long.TryParse(words[4], CultureInfo.InvariantCulture, out long mbps) && mbps > 0
                    ? mbps * 1_000_000
                    : null;
                _links.Add(new LinkSample(words[1], words[2] == "-" ? null : words[2], words[3] == "1", speed, bytes.Tx, bytes.Rx));
            }
        }

        private DomainSample? ToDomain((string Name, Dictionary<string, string> Values) domain)
        {
            // Listed and counted are two moments: a VM that ended or appeared between them is in the next sample.
            if (!_idByName.TryGetValue(domain.Name, out string? id))
            {
                return null;
            }

            var interfaces = new List<InterfaceSample>();
            long count = domain.Values.TryGetValue("net.count", out string? text) ? Whole(text) : 0;
            for (long i = 0; i < count; i++)
            {
                // An interface without counters (a passed-through device) has no such entries.
                if (domain.Values.TryGetValue($"net.{i}.name", out string? name)
                    && domain.Values.TryGetValue($"net.{i}.tx.bytes", out string? tx)
                    && domain.Values.TryGetValue($"net.{i}.rx.bytes", out string? rx))
                {
                    interfaces.Add(new InterfaceSample(name, Whole(tx), Whole(rx)));
                }
            }

            // balloon.current is in KiB (virConnectGetAllDomainStats).
            long? memory = domain.Values.TryGetValue("balloon.current", out string? kib) ? checked(Whole(kib) * 1024) : null;
            return new DomainSample(id, domain.Name, memory, interfaces);
        }

        private static void Expect(string[] words, int count)
        {
            if (words.Length != count)
            {
                throw new FormatException($"'{string.Join(' ', words)}' has not {count} words");
            }
        }

        private static long Whole(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

        private static double Real(string text)
        {
            double value = double.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
            return double.IsFinite(value) ? value : throw new FormatException($"'{text}' is no time");
        }
    }
}
