using System.Management.Automation;
using TrafficMigration.Kvm;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using static TrafficMigration.Commands.Loose;

namespace TrafficMigration.Commands;

/// <summary>Reads a VM's plan: as Get-MigrationPlan gave it, or as it came back from a file, where only names and values are left.</summary>
internal static class PlanInput
{
    /// <exception cref="MigrationException"><c>PlanInvalid</c>, <c>HostNameNotPlain</c>, <c>HostNameInvalid</c>.</exception>
    public static VMMigrationPlan Read(PSObject given)
    {
        if (given.BaseObject is VMMigrationPlan live)
        {
            return live;
        }

        string? vm = Text(given, nameof(VMMigrationPlan.VMName));
        try
        {
            VMMigrationPlan plan = Part(given, vm);
            if (string.Equals(plan.Source, plan.Destination, StringComparison.OrdinalIgnoreCase))
            {
                throw new FormatException("Source and Destination are the same host");
            }

            return Belonging(plan, Loose.Part(given, nameof(VMMigrationPlan.Plan)));
        }
        catch (Exception e) when (e is FormatException or OverflowException or InvalidCastException)
        {
            throw Failures.PlanInvalid(vm, e.Message);
        }
    }

    private static VMMigrationPlan Part(PSObject given, string? vm)
    {
        object? rate = Loose.Part(given, nameof(VMMigrationPlan.Rate));
        string source = HostAddress.Plain("a plan's Source", Needed(given, nameof(VMMigrationPlan.Source)));
        return new VMMigrationPlan
        {
            VMName = vm ?? throw Missing(nameof(VMMigrationPlan.VMName)),
            VMId = Text(given, nameof(VMMigrationPlan.VMId)),
            Source = source,
            Destination = HostAddress.Plain("a plan's Destination", Needed(given, nameof(VMMigrationPlan.Destination))),
            Technique = Choice<Technique>(given, nameof(VMMigrationPlan.Technique)) ?? throw Missing(nameof(VMMigrationPlan.Technique)),
            SwitchesToPostCopy = Loose.Part(given, nameof(VMMigrationPlan.SwitchesToPostCopy)) is true or "True" or "true",
            StorageCopy = Choice<StorageCopy>(given, nameof(VMMigrationPlan.StorageCopy)) ?? StorageCopy.None,
            Order = (int)(Number(given, nameof(VMMigrationPlan.Order)) ?? 1),
            Stage = (int?)Number(given, nameof(VMMigrationPlan.Stage)),
            Gang = (int?)Number(given, nameof(VMMigrationPlan.Gang)),
            BandwidthLimitBitsPerSecond = Number(given, nameof(VMMigrationPlan.BandwidthLimitBitsPerSecond)),
            Compression = Choice<MemoryCompression>(given, nameof(VMMigrationPlan.Compression)) ?? MemoryCompression.None,
            Connections = (int)Math.Clamp(Number(given, nameof(VMMigrationPlan.Connections)) ?? 1, 1, 255),
            CompressionReason = Text(given, nameof(VMMigrationPlan.CompressionReason)) ?? "",
            MigrationAddress = Text(given, nameof(VMMigrationPlan.MigrationAddress)),
            OfflineMemory = Choice<OfflineMemory>(given, nameof(VMMigrationPlan.OfflineMemory)),
            ReplacesDiskImages = Loose.Part(given, nameof(VMMigrationPlan.ReplacesDiskImages)) is true or "True" or "true",
            BlocksFrom = Loose.Texts(Loose.Part(given, nameof(VMMigrationPlan.BlocksFrom))),
            SourceContentionBitsPerSecond = Number(given, nameof(VMMigrationPlan.SourceContentionBitsPerSecond)) ?? 0,
            DestinationContentionBitsPerSecond = Number(given, nameof(VMMigrationPlan.DestinationContentionBitsPerSecond)) ?? 0,
            PredictedStart = Loose.Span(Loose.Part(given, nameof(VMMigrationPlan.PredictedStart))),
            PredictedDuration = Loose.Span(Loose.Part(given, nameof(VMMigrationPlan.PredictedDuration))),
            PredictedDowntime = Loose.Span(Loose.Part(given, nameof(VMMigrationPlan.PredictedDowntime))),
            PredictedBytes = Number(given, nameof(VMMigrationPlan.PredictedBytes)),
            PredictedTxBitsPerSecond = Number(given, nameof(VMMigrationPlan.PredictedTxBitsPerSecond)),
            PredictedRxBitsPerSecond = Number(given, nameof(VMMigrationPlan.PredictedRxBitsPerSecond)),
            Avoids = Text(given, nameof(VMMigrationPlan.Avoids)) ?? "",
            Alternative = Text(given, nameof(VMMigrationPlan.Alternative)) ?? "",
            Apart = Text(given, nameof(VMMigrationPlan.Apart)) ?? "",
            Bottleneck = Text(given, nameof(VMMigrationPlan.Bottleneck)) ?? "",
            Rate = new VMTrafficRate
            {
                HostName = source,
                VMName = vm,
                TxBitsPerSecond = Number(rate, nameof(VMTrafficRate.TxBitsPerSecond)) ?? 0,
                RxBitsPerSecond = Number(rate, nameof(VMTrafficRate.RxBitsPerSecond)) ?? 0,
                MemoryBytes = Number(rate, nameof(VMTrafficRate.MemoryBytes)),
                DirtyBytesPerSecond = Number(rate, nameof(VMTrafficRate.DirtyBytesPerSecond)),
                SampledAt = Loose.Time(Loose.Part(given, nameof(VMMigrationPlan.SampledAt))),
            },
        };
    }

    /// <summary>The part with what is left of its whole plan. A file written with little depth has only its name; then there are no budgets.</summary>
    private static VMMigrationPlan Belonging(VMMigrationPlan part, object? plan) => part with
    {
        Plan = new MigrationPlan
        {
            Strategy = Choice<Strategy>(plan, nameof(MigrationPlan.Strategy)) ?? Strategy.TrafficSensitive,
            Objective = Choice<PlanObjective>(plan, nameof(MigrationPlan.Objective)) ?? PlanObjective.Contention,
            Schedule = Choice<MigrationSchedule>(plan, nameof(MigrationPlan.Schedule)) ?? MigrationSchedule.Auto,
            ContentionBitsPerSecond = Number(plan, nameof(MigrationPlan.ContentionBitsPerSecond)) ?? 0,
            LowerBoundBitsPerSecond = Number(plan, nameof(MigrationPlan.LowerBoundBitsPerSecond)) ?? 0,
            CreatedAt = Loose.Time(Loose.Part(plan, nameof(MigrationPlan.CreatedAt))) ?? default,
            RatesSampledAt = Loose.Time(Loose.Part(plan, nameof(MigrationPlan.RatesSampledAt))),
            ThrottleLimit = (int)(Number(plan, nameof(MigrationPlan.ThrottleLimit)) ?? 0),
            MaxOutgoingPerHost = (int)(Number(plan, nameof(MigrationPlan.MaxOutgoingPerHost)) ?? 0),
            MaxIncomingPerHost = (int)(Number(plan, nameof(MigrationPlan.MaxIncomingPerHost)) ?? 0),
            PredictedDuration = Loose.Span(Loose.Part(plan, nameof(MigrationPlan.PredictedDuration))),
            PredictedBytes = Number(plan, nameof(MigrationPlan.PredictedBytes)),
            VirtualMachines = [],
            Links = [],
        },
    };

    private static FormatException Missing(string property) => new($"it has no {property}");

    private static string Needed(object given, string property) => Text(given, property) ?? throw Missing(property);
}
