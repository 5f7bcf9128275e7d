using System.Collections;
using System.Management.Automation;
using TrafficMigration.Planning;
using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>A cmdlet that plans: rates from the pipeline, destinations measured or given, and what a plan must obey.</summary>
public abstract partial class PlanningCmdlet : RateInputCmdlet
{
    /// <summary>VMs go to hosts that are named.</summary>
    protected private const string DestinationSet = "Destination";

    private Task<HostTraffic>[] _destinations = [];

    /// <summary>The destinations: hosts' names, without user and port, or objects with HostName and the host's background traffic.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = DestinationSet)]
    [Alias("DestinationHost")]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    [ValidateNotNullOrEmpty]
    public PSObject[] Destination { get; set; } = [];

    /// <summary>Plan without touching the destinations; their own traffic then counts as none.</summary>
    [Parameter]
    public SwitchParameter NoProbe { get; set; }

    /// <summary>VMs that stay, by name; wildcards are allowed. Their traffic is background at their host.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Exclude { get; set; }

    /// <summary>Techniques that are given: VM name (wildcards are allowed) to PreCopy or PostCopy.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? PinTechnique { get; set; }

    /// <summary>Destinations that are given: VM name (wildcards are allowed) to host name.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? PinDestination { get; set; }

    /// <summary>VMs that go to different destinations: names (wildcards are allowed); several groups as (a, b), (c, d).</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[]? Separate { get; set; }

    /// <summary>VMs that go to the same destination: names (wildcards are allowed); several groups as (a, b), (c, d).</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[]? Together { get; set; }

    /// <summary>At most so many VMs are post-copied.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? MaxPostCopy { get; set; }

    /// <summary>Among plans whose contention is within so many per cent of the least, the one with fewest post-copies is taken.</summary>
    [Parameter]
    [ValidateRange(0.0, 1000.0)]
    public double ContentionTolerance { get; set; }

    /// <summary>Virtual processors that a destination may carry for each of its own.</summary>
    [Parameter]
    [ValidateRange(0.1, 1000.0)]
    public double MaxVCpuPerCpu { get; set; } = new PlanWishes().MaxVCpuPerCpu;

    /// <summary>What the plan makes least: the contention, or the predicted total migration time.</summary>
    [Parameter]
    public PlanObjective Objective { get; set; }

    /// <summary>
    /// How memory is compressed: None, Xbzrle, Zlib or Zstd. By default chosen for each pre-copied VM, where Get-VMTrafficRate
    /// -MemoryContent has shown that it pays.
    /// </summary>
    [Parameter]
    [ValidateSet(nameof(MemoryCompression.None), nameof(MemoryCompression.Xbzrle), nameof(MemoryCompression.Zlib), nameof(MemoryCompression.Zstd))]
    public MemoryCompression? Compression { get; set; }

    /// <summary>Connections for each pre-copy's memory; by default one, and more where a link is faster than one connection's thread.</summary>
    [Parameter]
    [ValidateRange(1, 255)]
    public int? ConnectionCount { get; set; }

    /// <summary>Copy disks that lie on storage of a VM's host alone: not (such a VM cannot be migrated then), whole, or without what their backing files hold.</summary>
    [Parameter]
    public StorageCopy CopyStorage { get; set; }

    /// <summary>How many migrations may leave one host at once; 0 for any number.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int MaxOutgoingPerHost { get; set; }

    /// <summary>How many migrations may come to one host at once; 0 for any number.</summary>
    [Parameter]
    [ValidateRange(0, 10_000)]
    public int MaxIncomingPerHost { get; set; }

    /// <summary>The run is to end within this time, for example 00:10:00, by the gentlest rates that do.</summary>
    [Parameter]
    public TimeSpan? Deadline { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        Terminating(() =>
        {
            // A plain number would be taken as 100-nanosecond ticks.
            if (Deadline is { } deadline && deadline < TimeSpan.FromSeconds(1))
            {
                throw Failures.WishInvalid("-Deadline", $"{deadline} is less than a second; ten minutes are written 00:10:00");
            }

            // Started before the first rate comes in, so that destinations and sources are measured over the same time.
            _destinations = [.. Destination.Select(d => DestinationInput.Read(d) is { } given
                ? Task.FromResult(given)
                : MeasureOrNameAsync(d.BaseObject.ToString()!))];
        });
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => Terminating(() =>
    {
        if (ReturnHome)
        {
            RunAsync(PlanReturnAsync);
            return;
        }

        if (Rates.Count == 0)
        {
            throw Failures.NoVMToPlan();
        }

        RunAsync(async post =>
        {
            HostTraffic[] destinations = await Task.WhenAll(_destinations);
            foreach (HostTraffic destination in destinations)
            {
                post(() => WriteVerbose(
                    $"{destination.HostName}: background {destination.BackgroundRxBitsPerSecond} bit/s incoming, {destination.FreeMemoryBytes} bytes of memory free"));
            }

            Plan(Request(Rates, destinations), post);
        });
    });

    /// <summary>Makes what the cmdlet gives; runs off the pipeline's thread.</summary>
    /// <param name="request">All that was asked for; strategy and throttle limit are the cmdlet's own to fill in.</param>
    /// <param name="post">Runs an action on the pipeline's thread.</param>
    protected private abstract void Plan(PlanRequest request, Action<Action> post);

    private PlanRequest Request(IReadOnlyList<VMTrafficRate> rates, IReadOnlyList<HostTraffic> destinations)
    {
        var names = new VMNames(rates);
        return new PlanRequest
        {
            Rates = rates,
            Destinations = destinations,
            Objective = Objective,
            StorageCopy = CopyStorage,
            Budget = new MigrationBudget(0, MaxOutgoingPerHost, MaxIncomingPerHost),
            Deadline = Deadline,
            Compression = Compression,
            Connections = ConnectionCount,
            CreatedAt = DateTimeOffset.Now,
            Wishes = new PlanWishes
            {
                Exclude = [.. (Exclude ?? []).SelectMany(names.Matching).Distinct()],
                Techniques = names.Pins(nameof(PinTechnique), PinTechnique, value =>
                    LanguagePrimitives.TryConvertTo(value, out Technique technique)
                        ? technique
                        : throw Failures.WishInvalid("-PinTechnique", $"'{value}' is neither PreCopy nor PostCopy")),
                Destinations = names.Pins(nameof(PinDestination), PinDestination, value => value?.ToString() ?? ""),
                Separate = names.Groups(Separate),
                Together = names.Groups(Together),
                MaxPostCopy = MaxPostCopy,
                ContentionTolerancePercent = ContentionTolerance,
                MaxVCpuPerCpu = MaxVCpuPerCpu,
            },
        };
    }

    private async Task<HostTraffic> MeasureOrNameAsync(string hostName)
    {
        if (NoProbe)
        {
            return new HostTraffic { HostName = hostName };
        }

        // Off the pipeline's thread at once: upstream cmdlets start only after this one's BeginProcessing.
        return await Task.Run(() => MeasureHostAsync(Endpoint(hostName)), StopToken);
    }
}
