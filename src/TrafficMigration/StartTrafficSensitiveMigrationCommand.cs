using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;

namespace TrafficMigration.Commands;

/// <summary>Runs a plan: migrates its VMs in parallel, each with its planned technique.</summary>
[Cmdlet(VerbsLifecycle.Start, "TrafficSensitiveMigration", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, HelpUri = HelpPages.Folder + "Start-TrafficSensitiveMigration.md")]
[OutputType(typeof(VMMigrationResult), typeof(Job))]
public sealed class StartTrafficSensitiveMigrationCommand : RunCmdlet
{
    private static readonly TimeSpan WarningAge = TimeSpan.FromMinutes(10);

    private readonly List<VMMigrationPlan> _plans = [];
    private readonly HashSet<(string, string)> _seen = [];
    private bool _warned;

    /// <summary>The VMs' plans: from Get-MigrationPlan, or read back from a file by Import-Clixml or ConvertFrom-Json.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Plan")]
    [ValidateNotNullOrEmpty]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>How many migrations may run at once, 0 for all; by default as planned, and as the plan's prediction assumes.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int? ThrottleLimit { get; set; }

    /// <summary>How many migrations may leave one host at once, 0 for any number; by default as planned.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int? MaxOutgoingPerHost { get; set; }

    /// <summary>How many migrations may come to one host at once, 0 for any number; by default as planned.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int? MaxIncomingPerHost { get; set; }

    /// <summary>
    /// No migration takes more than this, bit/s, in pre-copy and in post-copy; by default as planned. libvirt takes
    /// whole MiB/s, so it is rounded down to 8388608 bit/s.
    /// </summary>
    [Parameter]
    [ValidateRange(8_388_608L, long.MaxValue)]
    public long? BandwidthLimit { get; set; }

    /// <summary>Longest downtime that QEMU may plan for the last pass of a pre-copy; QEMU's default is 0.3 s.</summary>
    [Parameter]
    public TimeSpan? MaxDowntime { get; set; }

    /// <summary>Longest time of one migration. What happens then is chosen by -TimeoutAction.</summary>
    [Parameter]
    public TimeSpan? Timeout { get; set; }

    /// <summary>Longest time of the run. What happens then is chosen by -TimeoutAction; VMs whose turn has not come are not begun.</summary>
    [Parameter]
    public TimeSpan? RunTimeout { get; set; }

    /// <summary>What happens to a pre-copy whose time is over: Cancel, PostCopy (switch), Suspend (the VM stands still until it has moved). A post-copy always goes on.</summary>
    [Parameter]
    public TimeoutAction TimeoutAction { get; set; }

    /// <summary>How long a guest may take to shut down for an offline move; then its group is started again.</summary>
    [Parameter]
    public TimeSpan ShutdownTimeout { get; set; } = new RunOptions().ShutdownTimeout;

    /// <summary>How long a host that was lost in the middle of a migration is looked for; then the VM's end is left open, for Resume-TrafficSensitiveMigration.</summary>
    [Parameter]
    public TimeSpan ReconnectTimeout { get; set; } = new RunOptions().ReconnectTimeout;

    /// <summary>Sample traffic on while the run lasts, and switch a pre-copy to post-copy where that pays; -Adaptive:$false does not.</summary>
    [Parameter]
    public SwitchParameter Adaptive { get; set; } = true;

    /// <summary>Encrypt the memory between the hosts with their TLS certificates, in which QEMU must find the destination's name.</summary>
    [Parameter]
    public SwitchParameter Tls { get; set; }

    /// <summary>Send the memory through the SSH connection of the hosts' libvirts: encrypted without certificates, slower, and only pre-copy.</summary>
    [Parameter]
    public SwitchParameter Tunnelled { get; set; }

    /// <summary>Leave out the checks of Test-MigrationPlan, which otherwise come first.</summary>
    [Parameter]
    public SwitchParameter SkipPreflight { get; set; }

    /// <summary>Refuse plans whose rates are older than this, or of unknown age. Without it, rates of more than ten minutes are warned of.</summary>
    [Parameter]
    public TimeSpan? MaxRateAge { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        Terminating(() =>
        {
            Positive(MaxDowntime, nameof(MaxDowntime));
            Positive(Timeout, nameof(Timeout));
            Positive(RunTimeout, nameof(RunTimeout));
            Positive(ReconnectTimeout, nameof(ReconnectTimeout));
            Positive(ShutdownTimeout, nameof(ShutdownTimeout));
            if (Tls && Tunnelled)
            {
                throw Failures.RunParameterInvalid("-Tunnelled", "-Tls was given too, and memory can only go one way");
            }
        });
    }

    /// <summary>libvirt refuses post-copy through its tunnel (VIR_MIGRATE_TUNNELLED); said before anything moves.</summary>
    private void RefusePostCopy(VMMigrationPlan plan)
    {
        if (Tunnelled && plan.StorageCopy != StorageCopy.None)
        {
            throw Failures.RunParameterInvalid("-Tunnelled", $"the disks of VM '{plan.VMName}' are to be copied, which libvirt cannot do through its tunnel; use -Tls");
        }

        if (Tunnelled && (plan.Technique == Technique.PostCopy || plan.SwitchesToPostCopy))
        {
            throw Failures.RunParameterInvalid("-Tunnelled", $"VM '{plan.VMName}' is planned with post-copy, which libvirt cannot do through its tunnel; plan with -Strategy PreCopy, or use -Tls");
        }
    }

    /// <summary>An offline move goes its own way; what it does not heed is said before anything moves.</summary>
    private void RefuseForOffline(VMMigrationPlan plan)
    {
        string[] live = [nameof(BandwidthLimit), nameof(MaxDowntime), nameof(TimeoutAction), nameof(Tls), nameof(Tunnelled)];
        if (plan.Technique == Technique.Offline && live.FirstOrDefault(MyInvocation.BoundParameters.ContainsKey) is { } given)
        {
            throw Failures.OfflineParameterInvalid("-" + given, "memory and disk images go through SSH between the hosts, as fast as that lets them");
        }
    }

    private static void Positive(TimeSpan? time, string parameter)
    {
        if (time <= TimeSpan.Zero || time > TimeSpan.FromDays(30))
        {
            throw Failures.RunParameterInvalid("-" + parameter, $"'{time}' is no length of time above 0 and up to 30 days");
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (PSObject given in InputObject)
        {
            VMMigrationPlan plan = null!;
            Terminating(() => plan = Checked(PlanInput.Read(given)));
            // Asked a VM, before anything moves: whoever says no to the third VM has not moved the first.
            if (ShouldProcess($"VM '{plan.VMName}' from '{plan.Source}' to '{plan.Destination}'", $"Migrate with {plan.Technique}"))
            {
                _plans.Add(plan);
            }
        }
    }

    private VMMigrationPlan Checked(VMMigrationPlan plan)
    {
        if (!_seen.Add((plan.Source.ToUpperInvariant(), plan.VMName)))
        {
            throw Failures.PlanInvalid(plan.VMName, "it came in more than once");
        }

        RefusePostCopy(plan);
        RefuseForOffline(plan);
        TimeSpan? age = DateTimeOffset.Now - plan.SampledAt;
        if (MaxRateAge is { } limit && !(age <= limit))
        {
            throw Failures.RatesTooOld(plan.Source, plan.VMName, age, limit);
        }

        if (MaxRateAge is null && age > WarningAge && !_warned)
        {
            _warned = true;
            WriteWarning($"The rates of VM '{plan.VMName}' are {age.Value.TotalMinutes:0} minutes old: its traffic may be another by now. Measure again, or say with -MaxRateAge what is too old.");
        }

        return plan;
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_plans.Count == 0)
        {
            return;
        }

        RunOptions options = Options();
        Drive(_plans, (run, stop, leave) => run.StartAsync(_plans, options, stop, leave));
    }

    private RunOptions Options() => new()
    {
        Budget = Budget(),
        BandwidthLimitBitsPerSecond = BandwidthLimit,
        MaxDowntime = MaxDowntime,
        Timeout = Timeout,
        RunTimeout = RunTimeout,
        TimeoutAction = TimeoutAction,
        ShutdownTimeout = ShutdownTimeout,
        ReconnectTimeout = ReconnectTimeout,
        Adaptive = Adaptive && !Tunnelled,
        Transport = Tls ? MemoryTransport.Tls : Tunnelled ? MemoryTransport.Tunnelled : MemoryTransport.Tcp,
        SkipPreflight = SkipPreflight,
    };

    /// <summary>The plans' own budget, where none was given; where plans of several runs come together, the strictest of each.</summary>
    private MigrationBudget Budget()
    {
        MigrationPlan[] plans = [.. _plans.Select(p => p.Plan).Distinct()];
        int Strictest(Func<MigrationPlan, int> limit) => plans.Select(limit).Where(l => l > 0).DefaultIfEmpty().Min();
        return new MigrationBudget(
            ThrottleLimit ?? Strictest(p => p.ThrottleLimit),
            MaxOutgoingPerHost ?? Strictest(p => p.MaxOutgoingPerHost),
            MaxIncomingPerHost ?? Strictest(p => p.MaxIncomingPerHost));
    }
}
