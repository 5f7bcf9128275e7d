using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;
using TrafficMigration.Planning;

namespace TrafficMigration.Migration.Offline;

/// <summary>The way back of a group that was not all at the destination: what is there is thrown away, and all are again what they were.</summary>
/// <remarks>
/// Nothing at the destination has ever run, so whichever end comes first, no VM runs twice. The destination comes first
/// because a QEMU that stands still there holds the locks of shared disk images; one that does not answer is not waited
/// for longer than <see cref="RunPace.Settling"/>.
/// </remarks>
internal sealed class OfflineReturn(RunContext run, IReadOnlyList<OfflineVM> vms, OfflineCargo cargo)
{
    private readonly Dictionary<OfflineVM, string> _runsThere = [];
    private readonly Dictionary<OfflineVM, string> _unfinished = [];

    /// <summary>Goes back.</summary>
    /// <returns>For each VM what keeps it from being what it was, or nothing.</returns>
    /// <exception cref="MigrationException">A host did not answer: another life of the run goes on with it.</exception>
    public async Task<IReadOnlyDictionary<OfflineVM, string>> RunAsync(string why)
    {
        foreach (OfflineVM vm in vms)
        {
            vm.To(MigrationState.Undoing, why);
        }

        foreach (IReadOnlyList<OfflineVM> way in OfflineMove.Ways(vms))
        {
            await OfflineMove.CopyJob(run, way).BarAsync(run.Leave);
            await OfflineMove.CopyJob(run, way).KillAsync(run.Leave);
        }

        Task there = Task.WhenAll(OfflineMove.Ways(vms).Select(ClearAsync));
        await Task.WhenAny(there, Task.Delay(run.Options.Pace.Settling, run.Leave));
        run.Leave.ThrowIfCancellationRequested();
        var stuck = new Dictionary<OfflineVM, string>();
        await Task.WhenAll(vms.Where(v => !IsThere(v)).Select(async vm =>
        {
            if (await BackAsync(vm) is { } trouble)
            {
                lock (stuck)
                {
                    stuck[vm] = trouble;
                }
            }
        }));
        // Now it is only the destination that may be unfinished.
        await there;
        foreach ((OfflineVM vm, string trouble) in _runsThere.Concat(_unfinished))
        {
            stuck.TryAdd(vm, trouble);
        }

        if (stuck.Count == 0)
        {
            await ForgetAsync(run, vms);
        }

        return stuck;
    }

    /// <summary>Removes what the run has left on the hosts: folders, and the marks of its steps.</summary>
    public static async Task ForgetAsync(RunContext run, IReadOnlyList<OfflineVM> vms)
    {
        foreach (RunHost host in vms.SelectMany(v => (RunHost[])[v.Source, v.Destination]).Distinct())
        {
            await host.ExecuteAsync(ShellText.Script(OfflineScripts.Forget, [OfflineCargo.Folder(run.RunId), run.RunId]), run.Leave);
        }
    }

    private bool IsThere(OfflineVM vm)
    {
        lock (_runsThere)
        {
            return _runsThere.ContainsKey(vm);
        }
    }

    /// <summary>Throws away at the destination what came one way.</summary>
    private async Task ClearAsync(IReadOnlyList<OfflineVM> way)
    {
        RunHost host = way[0].Destination;
        foreach (OfflineVM vm in way)
        {
            await vm.Load.BarAsync(run.Leave);
            await vm.WaitAsync(host, vm.Load, run.Leave);
            CommandResult discarded = await host.ExecuteAsync(ShellText.Script(OfflineScripts.Discard, [vm.Id!]), run.Leave);
            if (discarded.ExitCode == 3)
            {
                lock (_runsThere)
                {
                    _runsThere[vm] = $"it is {discarded.Error.Trim()} at '{vm.Plan.Destination}', where somebody else has let it run";
                }
            }
            else if (discarded.ExitCode != 0)
            {
                Unfinished(vm, $"what was loaded at '{host.Name}' could not be thrown away: {discarded.Error.Trim()}");
            }
        }

        if (way.Any(IsThere))
        {
            return;
        }

        CommandResult cleared = await host.ExecuteAsync(
            ShellText.Script(BlockScripts.Unplace,
            [
                OfflineCargo.Folder(run.RunId), OfflineCargo.Suffix(run.RunId),
                .. OfflineMove.Files(cargo, way).Where(f => !f.IsMemory).SelectMany(f => (string[])[Text(f.Item), f.Path]),
            ]),
            run.Leave);
        if (cleared.ExitCode != 0)
        {
            Unfinished(way[0], $"what was copied to '{host.Name}' could not be removed: {cleared.Error.Trim()}");
        }
    }

    private void Unfinished(OfflineVM vm, string trouble)
    {
        lock (_unfinished)
        {
            _unfinished[vm] = trouble;
        }
    }

    /// <summary>Makes a VM at the source what it was.</summary>
    private async Task<string?> BackAsync(OfflineVM vm)
    {
        await vm.Save.BarAsync(run.Leave);
        OfflineMarks saving = await vm.Save.ReadAsync(run.Leave);
        if (saving is { Begun: true, HasEnded: false })
        {
            if (vm.Memory == OfflineMemory.Save)
            {
                // Refused where libvirt is at the end of it, or past it; either is seen below.
                await vm.Source.VirshAsync([$"domjobabort --domain {ShellText.Quote(vm.Id!)}"], run.Leave);
            }
            else
            {
                await vm.Save.KillAsync(run.Leave);
            }

            await vm.WaitAsync(vm.Source, vm.Save, run.Leave);
        }

        OfflineMarks back = await vm.RunAsync(
            vm.Source, vm.Back, OfflineScripts.Back, [Text(vm.Number), vm.Id!, vm.Memory.ToString()], isRepeated: true, run.Leave);
        DomainState here = await vm.Source.StateAsync(vm.Id!, run.Leave);
        return here.IsActive && back.ExitCode == 0 ? null
            : $"it is {here} at '{vm.Plan.Source}': {(back.Said.Length > 0 ? back.Said : "what the host did was cut off")}";
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
