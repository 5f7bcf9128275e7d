using System.Collections.Concurrent;
using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <content>The way home after maintenance: VMs and their homes from the journals, traffic as it is now.</content>
public abstract partial class PlanningCmdlet
{
    private const string ReturnSet = "ReturnHome";

    private readonly List<MigrationRunRecord> _runs = [];

    /// <summary>Runs, from Get-TrafficSensitiveMigration, whose VMs are to come home.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ReturnSet)]
    [ValidateNotNull]
    public MigrationRunRecord? Run { get; set; }

    /// <summary>
    /// Plans the way home of the VMs that the piped runs moved: each goes to the host that it left first. Its traffic
    /// is measured where it is now.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ReturnSet)]
    public SwitchParameter ReturnHome { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Run is not null)
        {
            _runs.Add(Run);
        }
        else
        {
            base.ProcessRecord();
        }
    }

    private async Task PlanReturnAsync(Action<Action> post)
    {
        IReadOnlyList<MovedVM> moved = Migration.ReturnHome.FollowRuns(_runs);
        IReadOnlyList<HostMeasurement> measured = await MeasureBothEndsAsync(moved, post);
        ReturnHome way = Migration.ReturnHome.Find(moved, measured);
        foreach (MovedVM vm in way.AlreadyHome)
        {
            post(() => WriteVerbose($"VM '{vm.VMName}' is at home on '{vm.Home}' already"));
        }

        foreach (MovedVM vm in way.Missing)
        {
            post(() => WriteError(ErrorRecords.From(Failures.ReturningVMMissing(vm.VMName, vm.Current, vm.Home), vm)));
        }

        if (way.Homes.Count == 0)
        {
            throw Failures.NobodyToReturn();
        }

        var homes = way.Homes.Values.ToHashSet(StringComparer.OrdinalIgnoreCase);
        PlanRequest request = Request(way.Rates, [.. measured.Select(m => m.Host).Where(h => homes.Contains(h.HostName))]);
        Plan(
            request with
            {
                Wishes = request.Wishes with
                {
                    Exclude = [.. request.Wishes.Exclude.Union(way.Stays)],
                    // What the user says of a VM stands above where it came from.
                    Destinations = way.Homes.Concat(request.Wishes.Destinations).GroupBy(d => d.Key).ToDictionary(g => g.Key, g => g.Last().Value),
                },
            },
            post);
    }

    /// <summary>Measures all hosts over the same time; one that cannot be is written as an error, and its VMs are left out.</summary>
    private async Task<IReadOnlyList<HostMeasurement>> MeasureBothEndsAsync(IReadOnlyList<MovedVM> moved, Action<Action> post)
    {
        var measured = new ConcurrentBag<HostMeasurement>();
        var left = moved.Select(m => m.Current).ToHashSet(StringComparer.OrdinalIgnoreCase);
        await Task.WhenAll(moved.SelectMany(m => new[] { m.Home, m.Current }).Distinct(StringComparer.OrdinalIgnoreCase).Select(async host =>
        {
            if (NoProbe && !left.Contains(host))
            {
                measured.Add(new HostMeasurement(new HostTraffic { HostName = host }, [], HasUnknownLocalTraffic: false));
                return;
            }

            try
            {
                await using ICommandChannel channel = await ConnectAsync(Endpoint(host), StopToken);
                // Only of those that leave does it matter what they say to each other.
                measured.Add(await TrafficMeter.MeasureAsync(channel, Options with { CountersOnly = !left.Contains(host), WithDisks = CopyStorage != StorageCopy.None }, StopToken));
            }
            catch (MigrationException e)
            {
                post(() => WriteError(ErrorRecords.From(e, host)));
            }
        }));
        return [.. measured.OrderBy(m => m.Host.HostName, StringComparer.Ordinal)];
    }
}
