using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;

namespace TrafficMigration.Tests;

/// <summary>What both hosts say of a VM between two looks at its job.</summary>
/// <param name="Here">Its state at the source; null: not there.</param>
/// <param name="There">Its state at the destination.</param>
/// <param name="Job">What virsh domjobinfo prints; empty for no job.</param>
/// <param name="Marks">What the job has left.</param>
internal sealed record Scene(string? Here, string? There = null, string Job = "", string Marks = "")
{
    public const string Active = "Job type: 2\ndata_processed: 7\ndata_remaining: 70\ndata_total: 100\nmemory_iteration: 1";

    public const string Begun = "@begun\n@started\n1795589955.930984140\n";

    public static string Ended(int exit, string said = "", string more = "") =>
        $"{Begun}@ended\n1795589997.008610082\n@said\n{said}\n@exit\n{exit}\n{more}";

    public static Scene Flowing { get; } = new("running (booted)", null, Active, Begun);

    public static Scene Moved { get; } = new(null, "running (migrated)", "", Ended(0));
}

/// <summary>
/// Hosts for the executor, whose answers are those of virsh 11.3 in the lab. Each look at a VM's job goes on to the VM's
/// next scene; the last one stays.
/// </summary>
internal sealed partial class FakeSite(string source = "kvm1")
{
    private readonly ConcurrentDictionary<string, Queue<Scene>> _scenes = new();
    private readonly ConcurrentDictionary<string, string> _running = new();
    private readonly ConcurrentDictionary<string, string> _jobs = new();
    private int _lossesLeft;

    /// <summary>Hosts that need no time need not be waited for.</summary>
    public static RunPace Pace { get; } = new()
    {
        Look = TimeSpan.FromMilliseconds(2), Settling = TimeSpan.FromMilliseconds(20), Recovery = TimeSpan.FromMilliseconds(4),
    };

    /// <summary>Commands that changed something, in order: "start vm1 PostCopy", "domjobabort vm1".</summary>
    public ConcurrentQueue<string> Told { get; } = new();

    /// <summary>The arguments of each start: VM, destination, technique, limit in MiB/s, "switch" or nothing, downtime.</summary>
    public ConcurrentQueue<string[]> Starts { get; } = new();

    /// <summary>virsh's options for compression and connections, of each start.</summary>
    public ConcurrentQueue<string> Transfers { get; } = new();

    public int Connections { get; private set; }

    public int MostAtOnce { get; private set; }

    public ConcurrentDictionary<string, int> MostInto { get; } = new();

    /// <summary>What the lease says: held, busy WHO, left RUN.</summary>
    public string Lease { get; init; } = "held";

    /// <summary>The version of the hosts' libvirt daemons.</summary>
    public string Daemon { get; init; } = "9.0.0";

    /// <summary>How disks were to be copied with each start: what virsh is told, or nothing.</summary>
    public ConcurrentQueue<string> Copies { get; } = new();

    /// <summary>The VM's definition as the source tells it when it is asked for disks.</summary>
    public string Definition { get; init; } = "";

    /// <summary>What the destination says when it is to make images.</summary>
    public CommandResult Making { get; init; } = new(0, "", "");

    /// <summary>Called at each look, with its number.</summary>
    public Action<string, int> OnLook { get; init; } = (_, _) => { };

    public void Play(string vm, params Scene[] scenes) => _scenes[vm] = new Queue<Scene>(scenes);

    /// <summary>The next questions to hosts meet a broken connection.</summary>
    public void LoseNext(int questions) => _lossesLeft = questions;

    public Task<ICommandChannel> ConnectAsync(string host, CancellationToken cancellationToken)
    {
        Connections++;
        return Task.FromResult<ICommandChannel>(new Channel(this, host));
    }

    private Scene Now(string vm) => _scenes[vm].Peek();

    private void LoseIfDue(string host)
    {
        if (Interlocked.Decrement(ref _lossesLeft) >= 0)
        {
            throw Failures.ConnectionLost(host, "the socket was closed");
        }
    }

    private CommandResult Execute(string host, string command)
    {
        LoseIfDue(host);
        if (StartCommand.Match(command) is { Success: true } start)
        {
            _jobs[JobName.Match(command).Groups[1].Value] = start.Groups["argument"].Captures[0].Value;
            Start([.. start.Groups["argument"].Captures.Select(c => c.Value)]);
            return new CommandResult(0, "", "");
        }

        if (Disks(host, command) is { } answer)
        {
            return answer;
        }

        if (command.Contains("rm -rf -- \"${place:?}", StringComparison.Ordinal))
        {
            Told.Enqueue("forget");
            return new CommandResult(0, "", "");
        }

        string vm = _scenes.Keys.FirstOrDefault(v => command.Contains($"'{v}'", StringComparison.Ordinal)) ?? "";
        if (command.Contains("v destroy", StringComparison.Ordinal))
        {
            Told.Enqueue($"discard {vm}");
            while (_scenes[vm].Count > 1)
            {
                _scenes[vm].Dequeue();
            }

            return new CommandResult(0, "", "");
        }

        if (command.Contains("domstate --reason --domain", StringComparison.Ordinal))
        {
            return State(host, vm) is { } state ? new CommandResult(0, state + "\n", "") : new CommandResult(1, "", $"error: failed to get domain '{vm}'\n");
        }

        if (command.Contains("@begun", StringComparison.Ordinal))
        {
            // A resumed run asks for a job that it has not started itself; there is one VM then.
            return new CommandResult(0, Now(_jobs.GetValueOrDefault(JobName.Match(command).Groups[1].Value, _scenes.Keys.First())).Marks, "");
        }

        return new CommandResult(0, "", "");
    }

    /// <summary>Answers about disks, those of the lab; each image takes up 1000 blocks.</summary>
    private CommandResult? Disks(string host, string command)
    {
        if (command.Contains("part definition", StringComparison.Ordinal))
        {
            string nonce = Nonce.Match(command).Groups[1].Value;
            return new CommandResult(
                0,
                $"\n@{nonce} definition\n{Definition}\n@{nonce} = 0\n\n@{nonce} figures\nDomain: 'vm1'\n  block.count=2\n  block.0.name=vda\n  block.0.path=/var/lib/libvirt/images/vm2.qcow2\n  block.0.wr.bytes=0\n  block.0.capacity=67108864\n"
                + $"  block.1.name=vdb\n  block.1.path=/shared/data.raw\n  block.1.wr.bytes=0\n  block.1.capacity=4096\n\n@{nonce} = 0\n\n@{nonce} settings\n\n@{nonce} = 0\n\n@{nonce} end\n",
                "");
        }

        if (command.StartsWith("for path in", StringComparison.Ordinal))
        {
            return new CommandResult(0, string.Join('\n', Quoted.Matches(command[..command.IndexOf("; do", StringComparison.Ordinal)])
                .Select(p => p.Value.StartsWith("'/shared", StringComparison.Ordinal) ? "nfs|8 512" : "ext2/ext3|1000 512")) + "\n", "");
        }

        string? verb = command.Contains("qemu-img create", StringComparison.Ordinal) ? "make"
            : command.Contains("rm -f -- \"$path\" ||", StringComparison.Ordinal) ? "remove"
            : command.Contains("ours=\"$path", StringComparison.Ordinal) || command.Contains("$path.trafficmigration-$job", StringComparison.Ordinal) ? "keep"
            : null;
        if (verb is null)
        {
            return null;
        }

        Told.Enqueue($"{verb} at {host}: {Path.Match(command).Value.Trim('\'')}");
        return verb == "make" ? Making : new CommandResult(0, "1000 512\n", "");
    }

    private string? State(string host, string vm) => host == source ? Now(vm).Here : Now(vm).There;

    private void Start(string[] arguments)
    {
        lock (Starts)
        {
            string destination = DestinationName.Match(arguments[1]).Groups[1].Value;
            Starts.Enqueue([arguments[0], destination, arguments[3], arguments[4], arguments[5], arguments[6]]);
            Transfers.Enqueue(arguments[10]);
            Told.Enqueue($"start {arguments[0]} {arguments[3]}");
            Copies.Enqueue($"{arguments[8]} {arguments[9]}".Trim());
            _running[arguments[0]] = destination;
            MostAtOnce = Math.Max(MostAtOnce, _running.Count);
            int into = _running.Values.Count(d => d == destination);
            MostInto.AddOrUpdate(destination, into, (_, most) => Math.Max(most, into));
        }
    }

    private IEnumerable<string> Ask(string host, string line)
    {
        LoseIfDue(host);
        foreach (string command in line.Split("; "))
        {
            string vm = _scenes.Keys.FirstOrDefault(v => command.Contains($"'{v}'", StringComparison.Ordinal)) ?? "";
            string[] answer = command.Split(' ')[0] switch
            {
                "echo" => ["@" + command.Split("''")[1].TrimEnd('\'')],
                "domstate" => [State(host, vm) ?? $"error: failed to get domain '{vm}'", ""],
                "domjobinfo" => Job(vm),
                // The VM may have gone since the look that made somebody ask.
                "qemu-monitor-command" when State(host, vm) is null => [$"error: failed to get domain '{vm}'", ""],
                "qemu-monitor-command" => [Now(vm).Job.Length == 0 ? """{"return":{"status":"postcopy-paused"},"id":"libvirt-499"}""" : """{"return":{"status":"postcopy-active"},"id":"libvirt-499"}""", ""],
                "version" => ["Compiled against library: libvirt 9.0.0", "Running against daemon: " + Daemon],
                var verb => Tell(verb, vm),
            };
            foreach (string text in answer)
            {
                yield return text;
            }
        }
    }

    private string[] Job(string vm)
    {
        Queue<Scene> scenes = _scenes[vm];
        string job = scenes.Peek().Job;
        if (scenes.Count > 1)
        {
            scenes.Dequeue();
        }

        if (scenes.Count == 1)
        {
            _running.TryRemove(vm, out _);
        }

        OnLook(vm, scenes.Count);
        return job.Length == 0 ? ["Job type: 0"] : job.Split('\n');
    }

    private string[] Tell(string verb, string vm)
    {
        Told.Enqueue($"{verb} {vm}");
        return [""];
    }

    [GeneratedRegex(@"trafficmigration.* sh '(?<name>[a-z0-9]+-\d+[rt0-9]*)' '.*'( '(?<argument>[^']*)'){11}$", RegexOptions.Singleline)]
    private static partial Regex StartCommand { get; }

    [GeneratedRegex("nonce=([0-9a-f]{32})")]
    private static partial Regex Nonce { get; }

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Quoted { get; }

    [GeneratedRegex("'/var/[^']*'")]
    private static partial Regex Path { get; }

    [GeneratedRegex(@" sh '[a-z0-9]+-(\d+)")]
    private static partial Regex JobName { get; }

    [GeneratedRegex(@"qemu\+ssh://(\w+)/")]
    private static partial Regex DestinationName { get; }

    private sealed class Channel(FakeSite site, string host) : ICommandChannel
    {
        public bool IsConnected => true;

        public string HostName => host;

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) =>
            Task.FromResult(site.Execute(host, commandLine));

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken)
        {
            // Those who hold a host and those who sample it get no answers; the others have a virsh.
            bool isSilent = commandLine.Contains("flock", StringComparison.Ordinal) || commandLine.Contains("/proc/net/dev", StringComparison.Ordinal);
            var stream = new PlayedStream(isSilent ? _ => [] : line => site.Ask(host, line));
            if (commandLine.Contains("flock", StringComparison.Ordinal))
            {
                stream.Print(site.Lease);
            }

            return Task.FromResult<ICommandStream>(stream);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>Remembers what a run said.</summary>
internal sealed class Listener : IRunListener
{
    public ConcurrentQueue<MigrationEvent> Events { get; } = new();

    public ConcurrentBag<VMMigrationResult> Results { get; } = [];

    public Action<MigrationProgress> Progressed { get; init; } = _ => { };

    public void OnEvent(MigrationEvent happened) => Events.Enqueue(happened);

    public void OnProgress(MigrationProgress progress) => Progressed(progress);

    public void OnResult(VMMigrationResult result) => Results.Add(result);
}

/// <summary>A folder of journals that is gone afterwards.</summary>
internal sealed class TemporaryStore : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("journals").FullName;

    public RunStore Store => new(Folder);

    public MigrationRunRecord Last => Store.List(e => throw e)[0];

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
