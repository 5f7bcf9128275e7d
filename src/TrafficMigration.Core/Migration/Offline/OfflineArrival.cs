using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;

namespace TrafficMigration.Migration.Offline;

/// <summary>What follows once a group is at the destination: definitions, one VM after another goes on, and the source forgets them.</summary>
internal sealed class OfflineArrival(RunContext run, IReadOnlyList<OfflineVM> vms, OfflineCargo cargo)
{
    /// <summary>VMs that went on at the destination and have ended since: their owner, or the host, stopped them.</summary>
    public IDictionary<OfflineVM, string> Stopped { get; } = new Dictionary<OfflineVM, string>();

    /// <summary>Brings it to its end.</summary>
    /// <returns>For each VM that does not go on why, or nothing.</returns>
    /// <exception cref="MigrationException">A host did not answer: another life of the run goes on with it.</exception>
    public async Task<IReadOnlyDictionary<OfflineVM, string>> RunAsync()
    {
        foreach (OfflineVM vm in vms)
        {
            vm.To(MigrationState.Resuming);
        }

        foreach (OfflineVM vm in vms)
        {
            await ReloadAsync(vm);
            CommandResult defined = await vm.Destination.ExecuteAsync(
                ShellText.Script(OfflineScripts.Define, [OfflineCargo.Folder(run.RunId), Text(vm.Number), vm.Id!]), run.Leave);
            if (defined.ExitCode != 0)
            {
                Trouble(vm, vm.Destination, $"VM '{vm.Plan.VMName}' is at '{vm.Destination.Name}', but could not be defined there: {defined.Error.Trim()} Define it ('virsh dumpxml', 'virsh define'), or it is gone when it is shut down.");
            }
        }

        var stuck = new Dictionary<OfflineVM, string>();
        foreach (OfflineVM vm in vms)
        {
            if (await ResumeAsync(vm) is { } trouble)
            {
                stuck[vm] = trouble;
            }
        }

        foreach (OfflineVM vm in vms.Where(v => !stuck.ContainsKey(v)))
        {
            CommandResult undefined = await vm.Source.ExecuteAsync(ShellText.Script(MigrationCleanup.Undefine, [vm.Id!]), run.Leave);
            if (undefined.ExitCode != 0 && (await vm.Source.StateAsync(vm.Id!, run.Leave)).State is not null)
            {
                Trouble(vm, vm.Source, $"VM '{vm.Plan.VMName}' runs at '{vm.Destination.Name}', and its old definition at '{vm.Source.Name}' could not be removed: {undefined.Error.Trim()} Remove it there ('virsh undefine'), so that it is never started twice.");
            }
        }

        return stuck;
    }

    /// <summary>What crossed, by VM; to be asked before <see cref="ForgetAsync"/>.</summary>
    public async Task<ILookup<int, SentFile>> SentAsync()
    {
        var sent = new List<(int VM, SentFile File)>();
        foreach (IReadOnlyList<OfflineVM> way in OfflineMove.Ways(vms))
        {
            OfflineMarks marks = await OfflineMove.CopyJob(run, way).ReadAsync(run.Leave);
            sent.AddRange(marks.Sent.Where(s => s.Item < cargo.Files.Count).Select(s => (cargo.Files[s.Item].VM, s)));
        }

        return sent.ToLookup(s => s.VM, s => s.File);
    }

    /// <summary>Removes images of memory, older copies that were replaced, and all marks.</summary>
    public async Task ForgetAsync()
    {
        foreach (IReadOnlyList<OfflineVM> way in OfflineMove.Ways(vms))
        {
            CommandResult tidied = await way[0].Destination.ExecuteAsync(
                ShellText.Script(BlockScripts.Tidy, [OfflineCargo.Suffix(run.RunId), .. OfflineMove.Files(cargo, way).Where(f => !f.IsMemory).Select(f => f.Path)]), run.Leave);
            if (tidied.ExitCode != 0)
            {
                run.Note(MigrationEventKind.Trouble, $"At '{way[0].Destination.Name}' not all older copies could be removed: {tidied.Error.Trim()} Remove files whose names end with '{OfflineCargo.Suffix(run.RunId)}.old'.", way[0].Destination.Name);
            }
        }

        await OfflineReturn.ForgetAsync(run, vms);
    }

    /// <summary>A destination that was restarted has lost what stood still there; its image is on its disk, and it has never run.</summary>
    private async Task ReloadAsync(OfflineVM vm)
    {
        if (vm.ResumedAt is null && !(await vm.Destination.StateAsync(vm.Id!, run.Leave)).IsActive)
        {
            await vm.Load.ForgetAsync(run.Leave);
            await vm.RunAsync(vm.Destination, vm.Load, OfflineScripts.Load, [Text(vm.Number), vm.Id!, vm.Memory.ToString()], isRepeated: true, run.Leave);
        }
    }

    private async Task<string?> ResumeAsync(OfflineVM vm)
    {
        DomainState there = await vm.Destination.StateAsync(vm.Id!, run.Leave);
        if (there.State == "paused" && !cargo.Paused.Contains(vm.Number))
        {
            vm.Resumes();
            await vm.Destination.VirshAsync([$"resume --domain {ShellText.Quote(vm.Id!)}"], run.Leave);
            there = await vm.Destination.StateAsync(vm.Id!, run.Leave);
            if (there.State == "paused")
            {
                return $"it is {there} at '{vm.Plan.Destination}' and could not be resumed";
            }
        }

        if (!there.IsActive && vm.ResumedAt is not null)
        {
            Stopped[vm] = there.ToString();
            return null;
        }

        return there.IsActive ? null : $"it is {there} at '{vm.Plan.Destination}'";
    }

    private void Trouble(OfflineVM vm, RunHost host, string text) => run.Note(MigrationEventKind.Trouble, text, host.Name, vm.Plan.VMName, vm.Number);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
