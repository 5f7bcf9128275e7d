using TrafficMigration.Prediction;
using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>Writes a draft down as the records that a user sees.</summary>
internal static class PlanWriter
{
    /// <summary>The plan's parts, one a VM, in the order of the site.</summary>
    public static IReadOnlyList<VMMigrationPlan> Write(PlanDraft draft)
    {
        (Site site, PlanRequest request, Decision decision, Schedule schedule) = (draft.Site, draft.Request, draft.Decision, draft.Schedule);
        SimulatedRun? run = draft.Run;
        long[] loads = decision.Loads(site);
        long[] capacities = Decision.Capacities(site);
        var explanation = new Explanation(draft, loads, capacities);
        int worst = explanation.Worst;
        LinkContention[] links = Links(site, decision, loads);
        string bottleneck = links.First(l => l.HostName == explanation.LinkName(worst)).ToString();
        var turns = new int[site.VMs.Length];
        for (int turn = 0; turn < turns.Length; turn++)
        {
            turns[schedule.Order[turn]] = turn + 1;
        }

        VMMigrationPlan[] parts = [.. site.VMs.Select((rate, i) =>
        {
            HostTraffic destination = site.Destinations[decision.Destinations[i]];
            (string avoids, string alternative) = explanation.Of(i);
            SimulatedMigration? predicted = run?.Migrations[i];
            MemoryTransfer transfer = draft.Forecast.Transfer(decision, i);
            return new VMMigrationPlan
            {
                VMName = rate.VMName,
                VMId = rate.VMId,
                Source = site.Sources[site.SourceOf[i]].Name,
                Destination = destination.HostName,
                MigrationAddress = destination.MigrationAddress,
                Technique = decision.Techniques[i],
                SwitchesToPostCopy = draft.Forecast.Switches(decision, i),
                Compression = transfer.Compression,
                Connections = transfer.Connections,
                CompressionReason = transfer.Reason,
                StorageCopy = site.CopyOf(i),
                OfflineMemory = request.Offline?.Memory,
                ReplacesDiskImages = request.Offline?.ReplacesDiskImages ?? false,
                BlocksFrom = request.Offline?.BlocksFrom ?? [],
                Order = turns[i],
                Stage = schedule.Stages[i],
                Gang = site.Mutual.GangOf[i],
                BandwidthLimitBitsPerSecond = schedule.LimitsBitsPerSecond[i],
                SourceContentionBitsPerSecond = loads[site.SourceOf[i]],
                DestinationContentionBitsPerSecond = loads[site.Sources.Length + decision.Destinations[i]],
                PredictedStart = Rounded(predicted?.Start),
                PredictedDuration = Rounded(predicted?.Duration),
                PredictedDowntime = Rounded(predicted?.Downtime),
                PredictedBytes = predicted?.BytesTransferred,
                PredictedTxBitsPerSecond = Whole(predicted?.TxBitsPerSecond),
                PredictedRxBitsPerSecond = Whole(predicted?.RxBitsPerSecond),
                Converges = predicted is null ? null : predicted.Duration is not null,
                Avoids = avoids,
                Alternative = alternative,
                Apart = explanation.Apart(i),
                Bottleneck = bottleneck,
                Rate = rate,
            };
        })];
        var plan = new MigrationPlan
        {
            Strategy = request.Strategy,
            Objective = request.Objective,
            Schedule = request.Schedule,
            ContentionBitsPerSecond = loads[worst],
            LowerBoundBitsPerSecond = LowerBound(loads[worst], capacities[worst], decision.RelativeBound, capacities.All(c => c == capacities[0])),
            CreatedAt = request.CreatedAt,
            RatesSampledAt = site.VMs.All(v => v.SampledAt is not null) ? site.VMs.Min(v => v.SampledAt) : null,
            ThrottleLimit = schedule.Budget.ThrottleLimit,
            MaxOutgoingPerHost = schedule.Budget.MaxOutgoingPerHost,
            MaxIncomingPerHost = schedule.Budget.MaxIncomingPerHost,
            PredictedDuration = Rounded(run?.TotalMigrationTime),
            PredictedBytes = run?.BytesTransferred,
            PredictedApartBytes = run is null ? null : (long)Math.Round(run.ApartBits / 8),
            ApartBitsPerSecond = site.Mutual.Flows.Where(f => MutualTraffic.IsSplit(f, decision)).Sum(f => f.BitsPerSecond),
            // Arrays: PowerShell cannot index the type that a collection expression makes of a list.
            VirtualMachines = parts.OrderBy(p => p.Order)
                .Select(p => new PlannedVM(p.VMName, p.Source, p.Destination, p.Technique) { Reason = p.Reason }).ToArray(),
            Links = links,
        };
        return parts.Select(p => p with { Plan = plan }).ToArray();
    }

    /// <summary>The solver's relative bound as bit/s of the worst link.</summary>
    private static long LowerBound(long contention, long capacity, double relativeBound, bool sameSpeeds)
    {
        // Solvers round the bound down: a hair below the plan's own load is the plan's own load.
        double bound = relativeBound * capacity;
        if (bound >= contention * (1 - 1e-12))
        {
            return contention;
        }

        // Loads are whole numbers; across different speeds the worst link of a better plan may be another one.
        return Math.Min(contention, (long)(sameSpeeds ? Math.Ceiling(bound) : Math.Floor(bound)));
    }

    private static LinkContention[] Links(Site site, Decision decision, long[] loads)
    {
        bool Saturated(Technique technique, Func<int, bool> uses) =>
            site.VMs.Where((vm, i) => vm.Saturated == true && decision.Techniques[i] == technique && uses(i)).Any();
        IEnumerable<LinkContention> outgoing = site.Sources.Select((s, index) => new LinkContention(
            s.Name, LinkDirection.Outgoing, loads[index], s.BackgroundTx, s.LinkBitsPerSecond,
            Saturated(Technique.PreCopy, i => site.SourceOf[i] == index)));
        IEnumerable<LinkContention> incoming = site.Destinations
            .Select((d, index) => (d, index))
            .Where(p => decision.Destinations.Contains(p.index))
            .OrderBy(p => p.d.HostName, StringComparer.Ordinal)
            .Select(p => new LinkContention(
                p.d.HostName, LinkDirection.Incoming, loads[site.Sources.Length + p.index], p.d.BackgroundRxBitsPerSecond, p.d.LinkBitsPerSecond,
                p.d.Saturated == true || Saturated(Technique.PostCopy, i => decision.Destinations[i] == p.index)));
        return outgoing.Concat(incoming).ToArray();
    }

    private static long? Whole(double? rate) => rate is { } known ? (long)Math.Round(known) : null;

    private static TimeSpan? Rounded(TimeSpan? time) => time is { } t ? TimeSpan.FromSeconds(Math.Round(t.TotalSeconds, 2)) : null;
}
