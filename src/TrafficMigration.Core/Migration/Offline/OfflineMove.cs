using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;
using TrafficMigration.Planning;
using TrafficMigration.Preflight;

namespace TrafficMigration.Migration.Offline;

/// <summary>The way of a group up to the point where all its VMs are at the destination and stand still.</summary>
/// <remarks>Each step may be taken again by a later life of the run: what is done already is found, and not done twice.</remarks>
internal sealed class OfflineMove(RunContext run, IReadOnlyList<OfflineVM> vms)
{
    /// <summary>Finds out what has to cross.</summary>
    /// <exception cref="MigrationException"><c>PreflightFailed</c>: nothing was begun.</exception>
    public async Task<OfflineCargo> LookAsync(CancellationToken cancellationToken)
    {
        VMMigrationPlan[] plans = [.. vms.Select(v => v.Plan with { VMId = v.Id })];
        OfflineInventory inventory = await OfflineInventory.TakeAsync(plans, (host, token) => run.Host(host).ConnectAsync(token), cancellationToken);
        foreach (VMMigrationPlan plan in plans)
        {
            PreflightFinding[] errors = [.. inventory.Findings.Where(f => f.Severity == FindingSeverity.Error && f.Concerns(plan))];
            if (errors.Length > 0)
            {
                throw Failures.PreflightFailed(plan.Source, plan.Destination, plan.VMName, errors.Select(f => (f.Message, f.Remedy)));
            }
        }

        var files = new List<OfflineFile>();
        var paused = new List<int>();
        foreach (OfflineVM vm in vms)
        {
            if (inventory.VMs.FirstOrDefault(v => v.Plan.VMId == vm.Id && v.Plan.Source == vm.Plan.Source) is not { } found)
            {
                throw Failures.VMNotFound(vm.Plan.Source, vm.Plan.VMName);
            }

            // One file of two VMs crosses once, and is counted for the first.
            files.AddRange(found.Files.Where(f => !files.Any(g => g.Path == f.Path && IsSameWay(vms.First(v => v.Number == g.VM), vm)))
                .Select(f => new OfflineFile(0, vm.Number, f.Path, f.IsWritten)));
            if (vm.Memory == OfflineMemory.Save)
            {
                files.Add(new OfflineFile(0, vm.Number, OfflineCargo.Memory(run.RunId, vm.Number), true) { IsMemory = true });
            }

            if ((await vm.Source.StateAsync(vm.Id!, cancellationToken)).State == "paused")
            {
                paused.Add(vm.Number);
            }
        }

        return new OfflineCargo { Files = [.. files.Select((f, i) => f with { Item = i })], ImageFormat = inventory.ImageFormat, Paused = paused };
    }

    /// <summary>All VMs come to stand still.</summary>
    public async Task SaveAsync(OfflineCargo cargo, CancellationToken cancellationToken)
    {
        foreach (OfflineVM vm in vms.Where(v => v.State == MigrationState.Preflight))
        {
            vm.To(MigrationState.Saving, $"{vm.Memory} at {vm.Plan.Source}", must: true);
        }

        string seconds = run.Options.ShutdownTimeout.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        await AllAsync(vms, "coming to stand still", vm => vm.RunAsync(
            vm.Source, vm.Save, OfflineScripts.Save, [Text(vm.Number), vm.Id!, vm.Memory.ToString(), seconds, cargo.ImageFormat ?? ""], isRepeated: false, cancellationToken));
    }

    /// <summary>All files cross: side by side to different destinations, one source after another to one, so that each file's blocks serve the next.</summary>
    public async Task CopyAsync(OfflineCargo cargo, CancellationToken cancellationToken)
    {
        foreach (OfflineVM vm in vms.Where(v => v.State == MigrationState.Saving))
        {
            vm.To(MigrationState.Copying, must: true);
        }

        await AllAsync(
            Ways(vms).GroupBy(w => w[0].Plan.Destination, StringComparer.OrdinalIgnoreCase), d => d.First()[0], "sending memory and disk images", async ways =>
            {
                OfflineMarks last = new();
                foreach (IReadOnlyList<OfflineVM> way in ways)
                {
                    last = await CopyAsync(way, cargo, cancellationToken);
                    if (last.ExitCode != 0)
                    {
                        break;
                    }
                }

                return last;
            });
    }

    /// <summary>All VMs come to be at the destination, and stand still there.</summary>
    public async Task LoadAsync(OfflineCargo cargo, CancellationToken cancellationToken)
    {
        foreach (OfflineVM vm in vms.Where(v => v.State == MigrationState.Copying))
        {
            vm.To(MigrationState.Loading, must: true);
        }

        foreach (IReadOnlyList<OfflineVM> way in Ways(vms))
        {
            OfflineVM first = way[0];
            string[] arguments =
            [
                OfflineCargo.Folder(run.RunId), OfflineCargo.Suffix(run.RunId), first.Plan.ReplacesDiskImages ? "replace" : "",
                .. Files(cargo, way).SelectMany(f => (string[])[Text(f.Item), f.Path]),
            ];
            CommandResult placed = await first.Destination.ExecuteAsync(ShellText.Script(BlockScripts.Place, arguments), cancellationToken);
            if (placed.ExitCode != 0)
            {
                throw Failures.OfflineStepFailed(first.Plan.Destination, first.Plan.VMName, "naming the disk images", placed.Error);
            }
        }

        await AllAsync(vms, "being loaded", vm => vm.RunAsync(
            vm.Destination, vm.Load, OfflineScripts.Load, [Text(vm.Number), vm.Id!, vm.Memory.ToString()], isRepeated: false, cancellationToken));
        foreach (OfflineVM vm in vms)
        {
            DomainState here = await vm.Source.StateAsync(vm.Id!, cancellationToken);
            DomainState there = await vm.Destination.StateAsync(vm.Id!, cancellationToken);
            if (here.IsActive || there.State != "paused")
            {
                throw Failures.OfflineStepFailed(vm.Plan.Destination, vm.Plan.VMName, "being loaded", $"it is {here} at '{vm.Plan.Source}' and {there} at '{vm.Plan.Destination}'");
            }
        }
    }

    /// <summary>The VMs by source and destination, in the order of their numbers.</summary>
    public static IReadOnlyList<IReadOnlyList<OfflineVM>> Ways(IReadOnlyList<OfflineVM> vms) =>
        [.. vms.GroupBy(v => (v.Plan.Source.ToUpperInvariant(), v.Plan.Destination.ToUpperInvariant())).Select(g => (IReadOnlyList<OfflineVM>)[.. g])];

    /// <summary>The files that go one way.</summary>
    public static IEnumerable<OfflineFile> Files(OfflineCargo cargo, IReadOnlyList<OfflineVM> way) => cargo.Files.Where(f => way.Any(v => v.Number == f.VM));

    /// <summary>What sends the files of one way.</summary>
    public static OfflineJob CopyJob(RunContext run, IReadOnlyList<OfflineVM> way) => new(way[0].Source.Shell, $"{run.RunId}-{way[0].Number}-copy");

    private Task<OfflineMarks> CopyAsync(IReadOnlyList<OfflineVM> way, OfflineCargo cargo, CancellationToken cancellationToken)
    {
        VMMigrationPlan plan = way[0].Plan;
        string[] known = [.. way.SelectMany(v => v.Plan.BlocksFrom).Distinct(StringComparer.Ordinal)];
        return way[0].RunAsync(
            way[0].Source, CopyJob(run, way), BlockScripts.Copy,
            [
                OfflineCargo.Suffix(run.RunId), plan.Destination, plan.MigrationAddress ?? "", BlockScripts.There, plan.ReplacesDiskImages ? "replace" : "",
                string.Join(' ', way.Select(v => Text(v.Number))), Text(known.Length), .. known,
                .. Files(cargo, way).SelectMany(f => (string[])[Text(f.Item), f.IsWritten ? "w" : "r", f.Path]),
            ],
            isRepeated: false, cancellationToken);
    }

    private static Task AllAsync(IEnumerable<OfflineVM> vms, string what, Func<OfflineVM, Task<OfflineMarks>> step) => AllAsync(vms, v => v, what, step);

    /// <summary>Takes a step for all at once. The first that fails is told; the others are found by whoever undoes.</summary>
    private static async Task AllAsync<T>(IEnumerable<T> all, Func<T, OfflineVM> vmOf, string what, Func<T, Task<OfflineMarks>> step)
    {
        (T One, Task<OfflineMarks> Task)[] steps = [.. all.Select(a => (a, step(a)))];
        await Task.WhenAll(steps.Select(s => s.Task));
        foreach ((T one, Task<OfflineMarks> task) in steps)
        {
            OfflineMarks marks = await task;
            if (marks.ExitCode != 0)
            {
                OfflineVM vm = vmOf(one);
                throw Failures.OfflineStepFailed(
                    vm.Plan.Source, vm.Plan.VMName, what, marks.Said.Length > 0 ? marks.Said : "what the host did was cut off, and left no word about it");
            }
        }
    }

    private static bool IsSameWay(OfflineVM one, OfflineVM other) =>
        string.Equals(one.Plan.Source, other.Plan.Source, StringComparison.OrdinalIgnoreCase)
        && string.Equals(one.Plan.Destination, other.Plan.Destination, StringComparison.OrdinalIgnoreCase);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
