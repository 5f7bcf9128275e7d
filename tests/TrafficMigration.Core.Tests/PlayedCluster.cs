using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;
using TrafficMigration.Migration;

namespace TrafficMigration.Tests;

/// <summary>What goes wrong at one command of a run.</summary>
internal enum Mishap
{
    /// <summary>The connection breaks before the host has heard of it.</summary>
    LostBefore,

    /// <summary>The connection breaks after the host has done it.</summary>
    LostAfter,

    /// <summary>The host refuses, and changes nothing.</summary>
    Refused,

    /// <summary>What the host started does its work and is killed before it can say so.</summary>
    Killed,

    /// <summary>The user wants the run to end.</summary>
    Stopped,

    /// <summary>The process that drives the run is gone.</summary>
    Gone,
}

/// <summary>
/// Two hosts as the scripts of an offline move see them: VMs, images, files, marks. It plays what the scripts do; that they do
/// it, BlockScriptTests and the lab show.
/// </summary>
internal sealed class PlayedCluster
{
    public const string Source = "kvm1";
    public const string Destination = "kvm2";

    private readonly Dictionary<(string Host, string VM), string> _states = [];
    private readonly Dictionary<(string Host, string Job), PlayedJob> _jobs = [];
    private readonly Dictionary<string, string> _kept = [];
    private readonly object _lock = new();
    private int _commands;

    public PlayedCluster(IReadOnlyDictionary<string, string> vms)
    {
        VMs = vms;
        foreach ((string vm, string state) in vms)
        {
            _states[(Source, vm)] = state;
            // An older copy is there already, and must come back to be what it was.
            Files[Path(vm)] = "old";
        }
    }

    /// <summary>The VMs, with the states that they begin in.</summary>
    public IReadOnlyDictionary<string, string> VMs { get; }

    /// <summary>The files at the destination, with what they hold.</summary>
    public Dictionary<string, string> Files { get; } = [];

    /// <summary>The images of memory.</summary>
    public HashSet<(string Host, string Number)> Images { get; } = [];

    /// <summary>The number of the command that something goes wrong at; each later one is fine.</summary>
    public int At { get; set; } = int.MaxValue;

    public Mishap Mishap { get; set; }

    public CancellationTokenSource Stop { get; } = new();

    public CancellationTokenSource Leave { get; } = new();

    public int Commands => _commands;

    /// <summary>What never may be, and was; empty where all was well.</summary>
    public List<string> Wrong { get; } = [];

    public string State(string host, string vm)
    {
        lock (_lock)
        {
            return _states.GetValueOrDefault((host, vm), "nowhere");
        }
    }

    public int Left(string host) => _jobs.Keys.Count(k => k.Host == host) + Images.Count(i => i.Host == host);

    public Task<ICommandChannel> ConnectAsync(string host, CancellationToken cancellationToken) => Task.FromResult<ICommandChannel>(new Channel(this, host));

    private static string Path(string vm) => $"/images/{vm}.img";

    private CommandResult Execute(string host, string command)
    {
        lock (_lock)
        {
            bool isHit = _commands++ == At;
            if (isHit && Mishap == Mishap.LostBefore)
            {
                throw Failures.ConnectionLost(host, "the socket was closed");
            }

            CommandResult result = isHit && Mishap == Mishap.Refused && !IsQuestion(command)
                ? Refuse(host, Words(command))
                : Do(host, command, isHit && Mishap == Mishap.Killed);
            Look();
            if (isHit)
            {
                Then(host);
            }

            return result;
        }
    }

    private void Then(string host)
    {
        switch (Mishap)
        {
            case Mishap.LostAfter:
                throw Failures.ConnectionLost(host, "the socket was closed");
            case Mishap.Stopped:
                Stop.Cancel();
                break;
            case Mishap.Gone:
                Leave.Cancel();
                break;
        }
    }

    private static bool IsQuestion(string command) => Words(command) is not [_, _, var script, ..]
        // What a host cannot tidy up afterwards is told, and no reason to go on at it.
        || script is OfflineScripts.Read or OfflineScripts.Forget or OfflineScripts.Define or OfflineScripts.Bar or OfflineScripts.Kill
            or MigrationCleanup.Undefine or BlockScripts.Tidy or InventoryScripts.Clear;

    private CommandResult Refuse(string host, string[] words)
    {
        if (words is [_, _, JobScripts.Start, _, var job, ..])
        {
            _jobs[(host, job)] = new PlayedJob { Exit = 1 };
            return new CommandResult(0, "", "");
        }

        return new CommandResult(1, "", "no space left on device");
    }

    private void Look()
    {
        foreach (string vm in VMs.Keys.Where(v => State(Source, v) == "running" && State(Destination, v) == "running"))
        {
            Wrong.Add($"{vm} runs twice");
        }

        if (VMs.Keys.Any(v => State(Destination, v) == "running") && VMs.Keys.Any(v => State(Source, v) is "running" or "paused"))
        {
            Wrong.Add("the group is torn");
        }
    }

    private CommandResult Do(string host, string command, bool isKilled)
    {
        string[] words = Words(command);
        if (words is not [_, _, var script, _, .. var a])
        {
            return Virsh(host, command);
        }

        switch (script)
        {
            case JobScripts.Start:
                if (_jobs.ContainsKey((host, a[0])))
                {
                    return new CommandResult(0, "", "");
                }

                _jobs[(host, a[0])] = new PlayedJob { Script = a[1], Arguments = a[2..], IsKilled = isKilled };
                return new CommandResult(0, "", "");
            case OfflineScripts.Read:
                return new CommandResult(0, _jobs.TryGetValue((host, a[0]), out PlayedJob? job) ? Marks(host, job) : "", "");
            case OfflineScripts.Bar:
                _jobs.TryAdd((host, a[0]), new PlayedJob { Exit = 1 });
                return new CommandResult(0, "", "");
            case OfflineScripts.Kill:
                return Kill(host, a[0]);
            case JobScripts.Forget:
                _jobs.Remove((host, a[0]));
                return new CommandResult(0, "", "");
            case OfflineScripts.Forget:
                foreach (string name in _jobs.Keys.Where(k => k.Host == host && k.Job.StartsWith(a[1] + "-", StringComparison.Ordinal)).Select(k => k.Job).ToArray())
                {
                    _jobs.Remove((host, name));
                }

                Images.RemoveWhere(i => i.Host == host);
                return new CommandResult(0, "", "");
            case BlockScripts.Place:
                foreach (string path in a[3..].Where((_, i) => i % 2 == 1).Where(p => Files.ContainsKey(p + a[1])))
                {
                    if (Files.Remove(path, out string? old))
                    {
                        Files[path + a[1] + ".old"] = old;
                    }

                    Files[path] = Files[path + a[1]];
                    Files.Remove(path + a[1]);
                }

                return new CommandResult(0, "", "");
            case BlockScripts.Unplace:
                foreach (string path in a[2..].Where((_, i) => i % 2 == 1))
                {
                    if (!Files.Remove(path + a[1]) && Files.GetValueOrDefault(path) == "new")
                    {
                        Files.Remove(path);
                    }

                    if (Files.Remove(path + a[1] + ".old", out string? old))
                    {
                        Files[path] = old;
                    }
                }

                return new CommandResult(0, "", "");
            case BlockScripts.Tidy:
                foreach (string path in a[1..])
                {
                    Files.Remove(path + a[0] + ".old");
                }

                return new CommandResult(0, "", "");
            case OfflineScripts.Discard:
                if (State(host, a[0]) == "running")
                {
                    return new CommandResult(1, "", "running (unpaused)");
                }

                _states.Remove((host, a[0]));
                return new CommandResult(0, "", "");
            case MigrationCleanup.Undefine:
                if (State(host, a[0]) == "shut off")
                {
                    _states.Remove((host, a[0]));
                }

                return new CommandResult(0, "", "");
            case InventoryScripts.Source:
                return new CommandResult(0, "formats\nroom 9000000000000 /\n" + string.Concat(a[3..].Select(_ => "file 65536 128 /probe\n")), "");
            case InventoryScripts.Destination:
                return new CommandResult(0, "formats\nroom 9000000000000 /\n" + string.Concat(a[1..].Where((_, i) => i % 2 == 0).Select(_ => "file - there 9000000000000 /\n")), "");
            default:
                return new CommandResult(0, "", "");
        }
    }

    /// <summary>A step is at work until it is looked at a second time.</summary>
    private string Marks(string host, PlayedJob job)
    {
        if (job.Exit is null && !job.IsOver && ++job.Looks > 1)
        {
            job.IsOver = true;
            bool well = Run(host, job);
            job.Exit = job.IsKilled ? null : well ? 0 : 1;
        }

        return "@begun\n" + (job.Exit is { } code ? $"@exit\n{code}\n" : job.IsOver ? "@dead\n" : "");
    }

    private CommandResult Kill(string host, string name)
    {
        if (_jobs.TryGetValue((host, name), out PlayedJob? job) && job.Exit is null)
        {
            job.IsOver = true;
        }

        return new CommandResult(0, "", "");
    }

    private bool Run(string host, PlayedJob job)
    {
        string[] a = job.Arguments;
        switch (job.Script)
        {
            case OfflineScripts.Save:
                if (State(host, a[2]) != "shut off")
                {
                    _kept[a[1]] = State(host, a[2]);
                    Images.Add((host, a[1]));
                    _states[(host, a[2])] = "shut off";
                }

                return true;
            case BlockScripts.Copy:
                foreach (string path in a[8..].Where(p => p.StartsWith("/images/", StringComparison.Ordinal)))
                {
                    Files[path + a[1]] = "new";
                }

                foreach (string number in a[6].Split(' '))
                {
                    Images.Add((Destination, number));
                }

                return true;
            case OfflineScripts.Load:
                if (State(host, a[2]) == "nowhere" && Images.Contains((host, a[1])) && Files.GetValueOrDefault(Path(a[2])) == "new")
                {
                    _states[(host, a[2])] = "paused";
                }

                return State(host, a[2]) == "paused";
            case OfflineScripts.Back:
                if (State(host, a[2]) == "shut off")
                {
                    if (!Images.Contains((host, a[1])))
                    {
                        return false;
                    }

                    _states[(host, a[2])] = _kept[a[1]];
                }

                Images.Remove((host, a[1]));
                return true;
            default:
                return false;
        }
    }

    private CommandResult Virsh(string host, string command)
    {
        string vm = VMs.Keys.FirstOrDefault(v => command.Contains($"'{v}'", StringComparison.Ordinal)) ?? "";
        return command.Contains("dumpxml", StringComparison.Ordinal)
            ? new CommandResult(0, $"<domain type='kvm'><name>{vm}</name><memory>65536</memory><devices><disk type='file' device='disk'><source file='{Path(vm)}'/><target dev='vda'/></disk></devices></domain>", "")
            : State(host, vm) is not "nowhere" and var state ? new CommandResult(0, $"{state} (unknown)\n", "")
            : new CommandResult(1, "", $"error: failed to get domain '{vm}'\n");
    }

    /// <summary>virsh as it stays on a host.</summary>
    private List<string> Ask(string host, string line)
    {
        lock (_lock)
        {
            bool isHit = _commands++ == At;
            if (isHit && Mishap == Mishap.LostBefore)
            {
                throw Failures.ConnectionLost(host, "the socket was closed");
            }

            var said = new List<string>();
            foreach (string command in line.Split("; "))
            {
                string vm = VMs.Keys.FirstOrDefault(v => command.Contains($"'{v}'", StringComparison.Ordinal)) ?? "";
                switch (command.Split(' ')[0])
                {
                    case "echo":
                        said.Add("@" + command.Split("''")[1].TrimEnd('\''));
                        break;
                    case "domstate":
                        said.Add(State(host, vm) is not "nowhere" and var state ? $"{state} (unknown)" : $"error: failed to get domain '{vm}'");
                        break;
                    case "resume":
                        _states[(host, vm)] = "running";
                        break;
                    case "domjobabort":
                        foreach (PlayedJob save in _jobs.Where(j => j.Key.Host == host && j.Value.Script == OfflineScripts.Save && j.Value.Arguments[2] == vm && j.Value.Exit is null).Select(j => j.Value))
                        {
                            (save.Exit, save.IsOver) = (1, true);
                        }

                        break;
                }
            }

            Look();
            if (isHit)
            {
                Then(host);
            }

            return said;
        }
    }

    /// <summary>The words of a command line as ShellText writes it.</summary>
    private static string[] Words(string command)
    {
        if (!command.StartsWith("sh -c '", StringComparison.Ordinal))
        {
            return [];
        }

        var words = new List<string>();
        for (int i = 0; i < command.Length; i++)
        {
            string word = "";
            while (i < command.Length && command[i] != ' ')
            {
                if (command[i] == '\'')
                {
                    int end = command.IndexOf('\'', i + 1);
                    word += command[(i + 1)..end];
                    i = end + 1;
                }
                else
                {
                    word += command[i] == '\\' ? command[++i] : command[i];
                    i++;
                }
            }

            words.Add(word);
        }

        return [.. words];
    }

    private sealed class PlayedJob
    {
        public string Script { get; init; } = "";

        public string[] Arguments { get; init; } = [];

        public bool IsKilled { get; init; }

        public int Looks { get; set; }

        public bool IsOver { get; set; }

        public int? Exit { get; set; }
    }

    private sealed class Channel(PlayedCluster cluster, string host) : ICommandChannel
    {
        public bool IsConnected => true;

        public string HostName => host;

        public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) => Task.FromResult(cluster.Execute(host, commandLine));

        public Task<ICommandStream> StartAsync(string commandLine, CancellationToken cancellationToken)
        {
            bool isLease = commandLine.Contains("flock", StringComparison.Ordinal);
            var stream = new PlayedStream(isLease || commandLine.Contains("/proc/net/dev", StringComparison.Ordinal) ? _ => [] : line => cluster.Ask(host, line));
            if (isLease)
            {
                stream.Print("held");
            }

            return Task.FromResult<ICommandStream>(stream);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
