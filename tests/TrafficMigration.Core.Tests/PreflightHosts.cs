using System.Globalization;
using System.Text.RegularExpressions;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Preflight;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Two hosts that answer the pre-flight as those of the lab did, with a test's own faults put in.</summary>
internal sealed class PreflightHosts
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 16, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, string> _hosts = new(StringComparer.Ordinal)
    {
        ["kvm-a"] = Recorded("source"),
        ["kvm-b"] = Recorded("destination"),
    };

    private readonly Dictionary<(string Host, string Path), string> _paths = [];
    private string _route = Recorded("route");

    /// <summary>What stat says of images ("size blocks 512 time") and folders ("device\n4096 free\nopen"), by host and path; the rest is not there.</summary>
    public Dictionary<(string Host, string Path), string> Images { get; } = [];

    /// <summary>Whether the destination has qemu-img.</summary>
    public bool HasImageTool { get; set; } = true;

    /// <summary>How far each host's clock is from ours.</summary>
    public Dictionary<string, TimeSpan> Skew { get; } = [];

    /// <summary>Hosts that cannot be reached.</summary>
    public HashSet<string> Unreachable { get; } = [];

    /// <summary>How many commands each host ran.</summary>
    public Dictionary<string, int> Commands { get; } = [];

    /// <summary>What the destination says of QEMU and processor; by default that it can.</summary>
    public string EmulatorAnswer { get; set; } = "\n@NONCE = 0";

    /// <inheritdoc cref="EmulatorAnswer"/>
    public string CpuAnswer { get; set; } = "\n@NONCE = 0";

    public static string Recorded(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recorded", $"preflight-{name}.txt"));

    /// <summary>Replaces text in a host's answer, which must be there.</summary>
    public PreflightHosts With(string host, string old, string now)
    {
        Assert.Contains(old, _hosts[host], StringComparison.Ordinal);
        _hosts[host] = _hosts[host].Replace(old, now, StringComparison.Ordinal);
        return this;
    }

    /// <summary>Adds to the devices of the VM, in both of its definitions.</summary>
    public PreflightHosts WithDevice(string xml) => With("kvm-a", "<memballoon model='virtio'>", $"{xml}\n    <memballoon model='virtio'>");

    /// <summary>Adds to the VM itself, in both of its definitions.</summary>
    public PreflightHosts WithElement(string xml) => With("kvm-a", "  <features>", $"  {xml}\n  <features>");

    /// <summary>Replaces text in the answer about the way, which must be there.</summary>
    public PreflightHosts WithRoute(string old, string now)
    {
        Assert.Contains(old, _route, StringComparison.Ordinal);
        _route = _route.Replace(old, now, StringComparison.Ordinal);
        return this;
    }

    /// <summary>What there is at a path: the line of the script, or <see langword="null"/> for nothing.</summary>
    public PreflightHosts WithPath(string host, string path, string? state)
    {
        _paths[(host, path)] = state is null ? $"stat: cannot statx '{path}': No such file or directory\n\n@NONCE = 1" : $"{state}\n\n@NONCE = 0";
        return this;
    }

    public Task<IReadOnlyList<PreflightFinding>> CheckAsync(Technique technique = Technique.PreCopy) => CheckAsync(Plan("vm1", technique));

    public Task<IReadOnlyList<PreflightFinding>> CheckAsync(params VMMigrationPlan[] plans) => MigrationPreflight.CheckAsync(
        plans,
        (host, _) => Unreachable.Contains(host)
            ? throw Failures.HostUnreachable(host, 22, "nothing listens there")
            : Task.FromResult<ICommandChannel>(new Channel(this, host)),
        new Clock(),
        TestContext.Current.CancellationToken);

    public static VMMigrationPlan Plan(string vm, Technique technique = Technique.PreCopy, string source = "kvm-a", string destination = "kvm-b") => new()
    {
        VMName = vm,
        Source = source,
        Destination = destination,
        Technique = technique,
        SourceContentionBitsPerSecond = 0,
        DestinationContentionBitsPerSecond = 0,
        Rate = new VMTrafficRate { HostName = source, VMName = vm, TxBitsPerSecond = 0, RxBitsPerSecond = 0 },
    };

    private string Answer(string host, string command)
    {
        Commands[host] = Commands.GetValueOrDefault(host) + 1;
        string script = command.Replace(@"'\''", "'", StringComparison.Ordinal);
        string answer = script.Contains("resv_hugepages", StringComparison.Ordinal) ? Timed(host)
            : script.Contains("getent ahosts", StringComparison.Ordinal) ? _route
            : Demands(host, script);
        return answer.Replace("NONCE", Regex.Match(script, "nonce=([0-9a-f]{32})").Groups[1].Value, StringComparison.Ordinal);
    }

    private string Timed(string host)
    {
        decimal seconds = Now.ToUnixTimeSeconds() + (decimal)Skew.GetValueOrDefault(host).TotalSeconds;
        return Regex.Replace(_hosts[host], @"(?<=@NONCE clock )\S+", _ => seconds.ToString(CultureInfo.InvariantCulture));
    }

    private string Demands(string host, string script)
    {
        var answer = new List<string>();
        foreach (string line in script.Split('\n'))
        {
            string[] words = line.Split(' ', 4);
            answer.Add(words switch
            {
                ["part", "emulator", ..] => $"\n@NONCE emulator\n{EmulatorAnswer}",
                ["part", "cpu", ..] => $"\n@NONCE cpu\n{CpuAnswer}",
                ["part", "path", "look", var quoted] => $"\n@NONCE path\n{_paths.GetValueOrDefault((host, quoted.Trim('\'')), "regular file|885165|512|nfs|-|\n\n@NONCE = 0")}",
                ["quiet", "image" or "folder", _, var quoted] => $"\n@NONCE {words[1]}\n{(Images.TryGetValue((host, quoted.Trim('\'')), out string? image) ? $"{image}\n\n@NONCE = 0" : "\n@NONCE = 1")}",
                ["quiet", "tool", ..] => $"\n@NONCE tool\n\n@NONCE = {(HasImageTool ? 0 : 127)}",
                ["quiet", var list, "v", ..] => $"\n@NONCE {list}\ndefault\n\n@NONCE = 0",
                _ => "",
            });
        }

        return string.Join('\n', answer) + "\n@NONCE end\n";
    }

    private sealed class Channel(PreflightHosts hosts, string name) : ICommandChannel
    {
        public bool IsConnected => true;

        public string HostName => name;

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) =>
            Task.FromResult(new CommandResult(0, hosts.Answer(name, commandLine), ""));

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => throw new InvalidOperationException("The channel belongs to whoever opened it.");
    }

    /// <summary>A clock that stands still: no round trip.</summary>
    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => 0;
    }
}
