using TrafficMigration.Kvm.Offline;

namespace TrafficMigration.Migration.Offline;

/// <summary>VMs that move while they stand still, together or not at all: a virtual cluster (VCT).</summary>
/// <remarks>
/// All come to stand still, all cross, all are loaded at the destination and stand still there. That they are is one line
/// in the journal. Before it any failure, wish or limit undoes all; after it nothing does. So nobody runs at the
/// destination before that line, and nobody at the source after it: at every moment at most one copy of a VM runs.
/// </remarks>
/// <param name="records">The VMs without a result, by number.</param>
/// <param name="run">The run.</param>
/// <param name="progress">How far an earlier life of the run has come.</param>
internal sealed class OfflineGroup(VMMigrationRecord[] records, RunContext run, OfflineProgress progress)
{
    private readonly List<OfflineVM> _vms = [.. records.Select(r => new OfflineVM(r, run))];
    private OfflineCargo? _cargo = progress.Cargo;

    /// <summary>Brings the group to its end. Whatever happens becomes a result for each VM.</summary>
    /// <returns>Whether the end of a VM is open.</returns>
    public async Task<bool> RunAsync()
    {
        try
        {
            return await DriveAsync();
        }
        catch (OperationCanceledException) when (run.Leave.IsCancellationRequested)
        {
            return Open(v => Failures.MigrationLeft(v.Plan.Source, v.Plan.Destination, v.Plan.VMName, v.State.ToString(), run.RunId));
        }
        catch (MigrationException e)
        {
            return Open(v => Failures.OfflineUnobserved(v.Plan.Source, v.Plan.Destination, v.Plan.VMName, v.State.ToString(), run.RunId, e));
        }
    }

    private async Task<bool> DriveAsync()
    {
        if (progress.IsCommitted)
        {
            return await ArriveAsync();
        }

        OfflineFailure? failure = progress.Undoes ?? await TryMoveAsync();
        if (_vms.Count == 0)
        {
            return false;
        }

        return failure is null ? await ArriveAsync()
            : _cargo is null ? NotBegun(failure)
            : await ReturnAsync(failure);
    }

    /// <summary>Moves all to the point of no return.</summary>
    /// <returns>What kept it from that; <see langword="null"/> where nothing did.</returns>
    private async Task<OfflineFailure?> TryMoveAsync()
    {
        using var timeout = new CancellationTokenSource();
        if (run.Options.Timeout is { } limit)
        {
            timeout.CancelAfter(limit);
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(run.Stop, run.RunTimeout, timeout.Token, run.Leave);
        try
        {
            await MoveAsync(end.Token);
            return null;
        }
        catch (OperationCanceledException) when (!run.Leave.IsCancellationRequested)
        {
            TimeSpan? exceeded = run.Stop.IsCancellationRequested ? null : run.RunTimeout.IsCancellationRequested ? run.Options.RunTimeout : run.Options.Timeout;
            MigrationException wish = exceeded is { } time
                ? Failures.MigrationTimedOut(_vms[0].Plan.Source, _vms[0].Plan.Destination, _vms[0].Plan.VMName, time)
                : Failures.MigrationCancelled(_vms[0].Plan.Source, _vms[0].Plan.Destination, _vms[0].Plan.VMName);
            return new OfflineFailure(wish.ErrorId, wish.Kind, wish.Message, null, IsWish: true);
        }
        catch (MigrationException e)
        {
            OfflineVM? vm = _vms.FirstOrDefault(v => v.Plan.VMName == e.VMName && (e.HostName == v.Plan.Source || e.HostName == v.Plan.Destination));
            return new OfflineFailure(e.ErrorId, e.Kind, e.Message, vm?.Number, IsWish: false);
        }
    }

    private async Task MoveAsync(CancellationToken cancellationToken)
    {
        if (_cargo is null)
        {
            await AdmitAsync(cancellationToken);
            if (_vms.Count == 0)
            {
                return;
            }
        }

        var move = new OfflineMove(run, _vms);
        if (_cargo is null)
        {
            OfflineCargo cargo = await move.LookAsync(cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            run.Write(new JournalEntry { Event = run.Event(MigrationEventKind.Decision, $"{_vms.Count} VMs move as one group, with {cargo.Files.Count} files"), Cargo = cargo });
            _cargo = cargo;
        }

        await move.SaveAsync(_cargo, cancellationToken);
        await move.CopyAsync(_cargo, cancellationToken);
        await move.LoadAsync(_cargo, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        run.Write(new JournalEntry { Event = run.Event(MigrationEventKind.Decision, "all VMs of the group are at their destinations: they go on there"), Committed = true });
    }

    private async Task AdmitAsync(CancellationToken cancellationToken)
    {
        MigrationException? refused = null;
        foreach (OfflineVM vm in _vms.ToArray())
        {
            cancellationToken.ThrowIfCancellationRequested();
            vm.To(MigrationState.Preflight, must: true);
            try
            {
                vm.Id = await new MigrationAdmission(vm.Plan, run).CheckAsync(vm.Id);
            }
            catch (MigrationException e)
            {
                refused ??= e;
                continue;
            }

            if (vm.Id is null)
            {
                End(vm, MigrationState.Done, Result(vm, MigrationOutcome.AlreadyThere, null));
                _vms.Remove(vm);
            }
        }

        if (refused is not null)
        {
            throw refused;
        }
    }

    private bool NotBegun(OfflineFailure failure)
    {
        foreach (OfflineVM vm in _vms)
        {
            MigrationException error = failure.VM == vm.Number || (failure.VM is null && !failure.IsWish)
                ? new MigrationException(failure.ErrorId, failure.Kind, failure.Said, vm.Plan.Source, vm.Plan.VMName, null)
                : Stayed(vm, failure);
            End(vm, failure.IsWish ? MigrationState.Cancelled : MigrationState.Failed, Result(vm, failure.IsWish ? MigrationOutcome.Cancelled : MigrationOutcome.Failed, error));
        }

        return false;
    }

    private async Task<bool> ReturnAsync(OfflineFailure failure)
    {
        Note(new JournalEntry { Event = run.Event(MigrationEventKind.Decision, $"the group goes back: {failure.Said}"), Undoes = failure });
        IReadOnlyDictionary<OfflineVM, string> stuck = await new OfflineReturn(run, _vms, _cargo!).RunAsync(failure.Said);
        if (stuck.Count > 0)
        {
            // All stay open: whoever takes the run up must see the whole group.
            return Open(v => Failures.OfflineNotBack(
                v.Plan.Source, v.Plan.Destination, v.Plan.VMName,
                stuck.TryGetValue(v, out string? said) ? said : $"another VM of its group is not, though it is at '{v.Plan.Source}' itself", OfflineCargo.Folder(run.RunId), run.RunId));
        }

        foreach (OfflineVM vm in _vms)
        {
            MigrationException error = failure.VM == vm.Number
                ? Failures.OfflineMoveFailed(vm.Plan.Source, vm.Plan.Destination, vm.Plan.VMName, failure.Said)
                : Stayed(vm, failure);
            End(vm, failure.IsWish ? MigrationState.Cancelled : MigrationState.Failed, Result(vm, failure.IsWish ? MigrationOutcome.Cancelled : MigrationOutcome.Failed, error));
        }

        return false;
    }

    private async Task<bool> ArriveAsync()
    {
        var arrival = new OfflineArrival(run, _vms, _cargo!);
        IReadOnlyDictionary<OfflineVM, string> stuck = await arrival.RunAsync();
        if (stuck.Count > 0)
        {
            return Open(v => Failures.OfflineNotResumed(
                v.Plan.Source, v.Plan.Destination, v.Plan.VMName, stuck.TryGetValue(v, out string? said) ? said : "another VM of its group does not, though it does itself", run.RunId));
        }

        ILookup<int, SentFile> sent = await arrival.SentAsync();
        await arrival.ForgetAsync();
        foreach ((OfflineVM vm, string state) in arrival.Stopped)
        {
            MigrationException error = Failures.VMStopped(vm.Plan.Source, vm.Plan.Destination, vm.Plan.VMName, "not there", state);
            End(vm, MigrationState.Failed, Result(vm, MigrationOutcome.Failed, error));
        }

        foreach (OfflineVM vm in _vms.Where(v => !arrival.Stopped.ContainsKey(v)))
        {
            SentFile[] files = [.. sent[vm.Number]];
            DateTimeOffset end = vm.ResumedAt ?? DateTimeOffset.Now;
            End(vm, MigrationState.Done, Result(vm, MigrationOutcome.Completed, null) with
            {
                TechniqueUsed = Technique.Offline,
                StartTime = vm.StoppedAt,
                TotalTime = end - vm.StoppedAt,
                // It stands still from the first moment to the last.
                Downtime = end - vm.StoppedAt,
                BytesTransferred = files.Length > 0 ? files.Sum(f => f.SentBytes) : null,
                BytesTotal = files.Length > 0 ? files.Sum(f => f.FilledBytes) : null,
                Decisions = files.Length > 0
                    ? [FormattableString.Invariant($"{files.Length} files, {files.Sum(f => f.FilledBytes)} bytes that are not zeros, {files.Sum(f => f.WantedBytes)} of them not at the destination, {files.Sum(f => f.SentBytes)} sent")]
                    : [],
            });
        }

        return false;
    }

    private static MigrationException Stayed(OfflineVM vm, OfflineFailure failure) => failure.ErrorId switch
    {
        // Said of the first VM of the group; each says it of itself.
        nameof(Failures.MigrationCancelled) => Failures.MigrationCancelled(vm.Plan.Source, vm.Plan.Destination, vm.Plan.VMName),
        _ when failure.IsWish => new MigrationException(
            failure.ErrorId, failure.Kind, $"The offline move of VM '{vm.Plan.VMName}' from '{vm.Plan.Source}' to '{vm.Plan.Destination}' was undone: its time was over. It is at '{vm.Plan.Source}' as before. Allow more time.", vm.Plan.Source, vm.Plan.VMName, null),
        _ => Failures.OfflineGroupStayed(vm.Plan.Source, vm.Plan.Destination, vm.Plan.VMName, failure.Said),
    };

    private bool Open(Func<OfflineVM, MigrationException> error)
    {
        foreach (OfflineVM vm in _vms)
        {
            MigrationException e = error(vm);
            run.Note(MigrationEventKind.Trouble, e.Message, vm.Plan.Source, vm.Plan.VMName, vm.Number);
            run.Listener.OnResult(Result(vm, MigrationOutcome.Unclear, e));
        }

        return _vms.Count > 0;
    }

    private void End(OfflineVM vm, MigrationState state, VMMigrationResult result)
    {
        vm.To(state, result.Error?.ErrorId ?? result.Outcome.ToString(), result);
        run.Listener.OnResult(result);
    }

    private void Note(JournalEntry entry)
    {
        try
        {
            run.Write(entry);
        }
        catch (MigrationException e)
        {
            run.Note(MigrationEventKind.Trouble, e.Message);
        }
    }

    private VMMigrationResult Result(OfflineVM vm, MigrationOutcome outcome, MigrationException? error) => new()
    {
        VMName = vm.Plan.VMName,
        VMId = vm.Id,
        Source = vm.Plan.Source,
        Destination = vm.Plan.Destination,
        Technique = vm.Plan.Technique,
        Outcome = outcome,
        Error = error,
        PredictedDuration = vm.Plan.PredictedDuration,
        PredictedBytes = vm.Plan.PredictedBytes,
        RunId = run.RunId,
    };
}
