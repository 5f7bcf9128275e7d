using System.Xml.Linq;
using TrafficMigration.Migration;

namespace TrafficMigration.Reporting;

/// <summary>The part of the page that lays what was predicted beside what was measured, VM by VM.</summary>
internal static class ResultsPart
{
    private const string Time = "Time, s";
    private const string Memory = "Memory sent, MiB";
    private const string Downtime = "Downtime, ms";

    public static IEnumerable<XElement> Of(ReportedRun run)
    {
        yield return Html.Tag("h3", "Predicted and measured");
        yield return Table.Of(
            "Each VM as its plan's simulation predicted it, and as it was measured",
            [
                new("VM"), new("Technique"), new("Outcome"),
                new("predicted", true, Time), new("measured", true, Time), new("ratio", true, Time),
                new("predicted", true, Memory), new("measured", true, Memory), new("ratio", true, Memory),
                new("predicted", true, Downtime), new("measured", true, Downtime),
            ],
            run.Record.VirtualMachines.Select(Row));
        if (!run.Record.VirtualMachines.Any(v => v.Plan.PredictedDuration is not null || v.Plan.PredictedBytes is not null))
        {
            yield return Html.Tag("p", Html.Class("note"), "Nothing was predicted: memory or link speeds were not known when the plan was made, or the plan came from a file without predictions.");
        }
    }

    private static object?[] Row(VMMigrationRecord vm)
    {
        VMMigrationResult? result = vm.Result;
        TimeSpan? predicted = result?.PredictedDuration ?? vm.Plan.PredictedDuration;
        long? predictedBytes = result?.PredictedBytes ?? vm.Plan.PredictedBytes;
        bool hasMoved = result?.Outcome == MigrationOutcome.Completed;
        return
        [
            (object[])[Html.Name(vm.VMName), Html.Tag("span", Html.Class("way"), Html.Name(vm.Source), " → ", Html.Name(vm.Destination))],
            TechniqueOf(vm),
            OutcomeOf(vm),
            Units.Seconds(predicted), Units.Seconds(result?.TotalTime),
            Units.Ratio(hasMoved && predicted?.TotalSeconds > 0 ? result!.TotalTime / predicted : null),
            Units.MiB(predictedBytes), Units.MiB(result?.BytesTransferred),
            Units.Ratio(hasMoved && predictedBytes > 0 ? (double?)result!.BytesTransferred / predictedBytes : null),
            Units.Milliseconds(vm.Plan.PredictedDowntime), Units.Milliseconds(result?.Downtime),
        ];
    }

    private static string TechniqueOf(VMMigrationRecord vm)
    {
        string planned = Words.Of(vm.Plan.Technique);
        return vm.Result?.TechniqueUsed is { } used && used != vm.Plan.Technique ? $"{planned}, became {Words.Of(used)}" : planned;
    }

    private static XElement OutcomeOf(VMMigrationRecord vm) => vm.Result is { } result
        ? Html.Tag("span", Html.Class(result.Outcome is MigrationOutcome.Completed or MigrationOutcome.AlreadyThere ? "good" : "bad"), Words.Of(result.Outcome))
        : Html.Tag("span", Html.Class("open"), Words.Of(vm.State));
}
