using TrafficMigration.Prediction;
using TrafficMigration.Solving;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Makes a plan from rates.</summary>
public static class Planner
{
    // 100 Tbit/s: beyond any NIC, and low enough that sums over every VM of a site fit a long.
    private const long MaxBitsPerSecond = 100_000_000_000_000;

    /// <summary>Plans the migration of VMs from the host they run on to one destination.</summary>
    /// <param name="rates">The VMs' rates, in any order; all of one host.</param>
    /// <param name="destination">The destination with its own traffic and room.</param>
    /// <param name="strategy">How the techniques are chosen.</param>
    /// <param name="createdAt">The plan's time stamp.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The plan, VMs by name.</returns>
    /// <exception cref="MigrationException">
    /// <c>NoVMToPlan</c>, <c>RateInvalid</c>, <c>NameMissing</c>, <c>DuplicateVM</c>, <c>OnePairOnly</c>,
    /// <c>DestinationIsSource</c>, <c>DestinationWithoutRoom</c>.
    /// </exception>
    public static MigrationPlan CreatePlan(
        IEnumerable<VMTrafficRate> rates, HostTraffic destination, Strategy strategy, DateTimeOffset createdAt,
        CancellationToken cancellationToken = default)
    {
        VMTrafficRate[] vms = [.. rates.OrderBy(r => r.VMName, StringComparer.Ordinal)];
        Validate(vms, destination);
        string source = vms[0].HostName;
        long sourceBackground = vms.Max(r => r.HostBackgroundTxBitsPerSecond ?? 0);
        long? sourceLink = vms.Max(r => r.LinkBitsPerSecond);
        bool bothKnown = sourceLink > 0 && destination.LinkBitsPerSecond > 0;
        var links = new LinkPair(
            sourceBackground, destination.BackgroundRxBitsPerSecond,
            bothKnown ? sourceLink!.Value : 1, bothKnown ? destination.LinkBitsPerSecond!.Value : 1);

        bool mayPostCopy = destination.PostCopyCapable ?? true;
        VMLoad[] loads = [.. vms.Select(r => new VMLoad(r.TxBitsPerSecond, r.RxBitsPerSecond, mayPostCopy && (r.PostCopyCapable ?? true)))];
        TechniqueChoice optimum = TechniqueSolver.Solve(loads, links, cancellationToken);
        TechniqueChoice choice = strategy switch
        {
            Strategy.TrafficSensitive => optimum,
            Strategy.PreCopy => Uniform(loads, links, Technique.PreCopy),
            _ => Uniform(loads, links, Technique.PostCopy),
        };

        long Worse(TechniqueChoice c) => Math.Max(c.SourceContention, c.DestinationContention);
        var outgoing = new LinkContention(
            source, LinkDirection.Outgoing, choice.SourceContention, sourceBackground, sourceLink,
            HasSaturated(vms, choice, Technique.PreCopy));
        var incoming = new LinkContention(
            destination.HostName, LinkDirection.Incoming, choice.DestinationContention,
            destination.BackgroundRxBitsPerSecond, destination.LinkBitsPerSecond,
            destination.Saturated == true || HasSaturated(vms, choice, Technique.PostCopy));
        TimeSpan? duration = DurationEstimate.OfParallelRun(vms, outgoing, incoming);
        VMMigrationPlan[] parts = [.. vms.Select((rate, i) => new VMMigrationPlan
        {
            VMName = rate.VMName,
            VMId = rate.VMId,
            Source = source,
            Destination = destination.HostName,
            MigrationAddress = destination.MigrationAddress,
            Technique = choice.Techniques[i],
            SourceContentionBitsPerSecond = choice.SourceContention,
            DestinationContentionBitsPerSecond = choice.DestinationContention,
            PredictedDuration = duration,
            Reason = Explanation.Of(rate, destination, choice, i, strategy),
            Rate = rate,
        })];
        var plan = new MigrationPlan
        {
            Strategy = strategy,
            ContentionBitsPerSecond = Worse(choice),
            LowerBoundBitsPerSecond = Math.Min(Worse(optimum), Worse(choice)),
            CreatedAt = createdAt,
            VirtualMachines = parts,
            // An array: PowerShell cannot index the type that a collection expression makes.
            Links = new[] { outgoing, incoming },
        };
        foreach (VMMigrationPlan part in parts)
        {
            part.Plan = plan;
        }

        return plan;
    }

    private static bool HasSaturated(VMTrafficRate[] vms, TechniqueChoice choice, Technique technique) =>
        vms.Where((vm, i) => vm.Saturated == true && choice.Techniques[i] == technique).Any();

    /// <summary>One technique for all; a VM that cannot be post-copied keeps pre-copy.</summary>
    private static TechniqueChoice Uniform(VMLoad[] loads, LinkPair links, Technique wanted)
    {
        Technique[] techniques = [.. loads.Select(l => l.PostCopyAllowed ? wanted : Technique.PreCopy)];
        return new TechniqueChoice(
            techniques,
            links.SourceBackground + loads.Where((_, i) => techniques[i] == Technique.PreCopy).Sum(l => l.TxBitsPerSecond),
            links.DestinationBackground + loads.Where((_, i) => techniques[i] == Technique.PostCopy).Sum(l => l.RxBitsPerSecond));
    }

    private static void Validate(VMTrafficRate[] vms, HostTraffic destination)
    {
        if (vms.Length == 0)
        {
            throw Failures.NoVMToPlan();
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (VMTrafficRate vm in vms)
        {
            CheckNames(vm);
            CheckRate(vm, nameof(vm.TxBitsPerSecond), vm.TxBitsPerSecond);
            CheckRate(vm, nameof(vm.RxBitsPerSecond), vm.RxBitsPerSecond);
            CheckRate(vm, nameof(vm.HostBackgroundTxBitsPerSecond), vm.HostBackgroundTxBitsPerSecond ?? 0);
            if (SameHost(vm.HostName, destination.HostName))
            {
                throw Failures.DestinationIsSource(destination.HostName);
            }

            if (!seen.Add(vm.VMName))
            {
                throw Failures.DuplicateVM(vm.HostName, vm.VMName);
            }
        }

        if (destination.BackgroundRxBitsPerSecond is < 0 or > MaxBitsPerSecond)
        {
            throw Failures.HostFigureInvalid(
                destination.HostName, nameof(destination.BackgroundRxBitsPerSecond),
                FormattableString.Invariant($"{destination.BackgroundRxBitsPerSecond}"));
        }

        string[] sources = [.. vms.Select(v => v.HostName).Distinct(StringComparer.OrdinalIgnoreCase)];
        if (sources.Length > 1)
        {
            throw Failures.OnePairOnly("sources", sources);
        }

        long needed = vms.Sum(v => v.MemoryBytes ?? 0);
        if (destination.FreeMemoryBytes is { } free && needed > free)
        {
            throw Failures.DestinationWithoutRoom(destination.HostName, needed, free);
        }
    }

    private static void CheckNames(VMTrafficRate vm)
    {
        if (string.IsNullOrWhiteSpace(vm.HostName))
        {
            throw Failures.NameMissing(nameof(vm.HostName));
        }

        if (string.IsNullOrEmpty(vm.VMName))
        {
            throw Failures.NameMissing(nameof(vm.VMName));
        }
    }

    private static void CheckRate(VMTrafficRate vm, string property, long rate)
    {
        if (rate is < 0 or > MaxBitsPerSecond)
        {
            throw Failures.RateInvalid(
                vm.HostName, vm.VMName, property, FormattableString.Invariant($"{rate} bit/s is not between 0 and 10^14 bit/s"));
        }
    }

    private static bool SameHost(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
