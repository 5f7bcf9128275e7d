using TrafficMigration.Kvm;

namespace TrafficMigration.Migration;

/// <summary>One host for the length of a run: a connection and a virsh, both made anew when they break, and the lease.</summary>
/// <remarks>
/// What is asked through here may be asked twice, since a connection can break after the host did what it was told:
/// all of it either only looks, or is refused or without effect the second time.
/// </remarks>
/// <param name="name">The host's name as the plan has it.</param>
/// <param name="connect">Opens a connection.</param>
/// <param name="options">How long a lost host is looked for, and how often a VM is looked at.</param>
/// <param name="onTrouble">Is told, from any thread, what goes wrong with the host while it is being looked for.</param>
internal sealed class RunHost(
    string name, Func<string, CancellationToken, Task<ICommandChannel>> connect, RunOptions options, Action<string, string> onTrouble)
    : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly object _lock = new();
    private readonly CancellationTokenSource _closed = new();
    private Lazy<Task<ICommandChannel>>? _channel;
    private Lazy<Task<VirshSession>>? _virsh;
    private HostLease? _lease;
    private Task _leasing = Task.CompletedTask;
    private int _watched;
    private int _isLookedFor;

    /// <summary>The host's name.</summary>
    public string Name => name;

    /// <summary>The host's shell; finds the host again when it was lost.</summary>
    public RemoteShell Shell => new(name, ExecuteAsync);

    /// <summary>How long to wait between two looks at a VM here, so that more VMs do not cost the host more.</summary>
    /// <remarks>One look costs virsh 1.3 ms of processor time (docs/reliability.md); what it costs libvirtd was not measured.</remarks>
    public TimeSpan LookInterval => options.Pace.Look * Math.Max(1, 0.3 * Volatile.Read(ref _watched));

    /// <summary>The connection, if it can be had now: no second try.</summary>
    /// <exception cref="MigrationException">The connector's own.</exception>
    public async Task<ICommandChannel> ConnectAsync(CancellationToken cancellationToken) =>
        await Current(ref _channel, () => connect(name, _closed.Token)).Value.WaitAsync(cancellationToken);

    /// <summary>Runs a command that may be run twice.</summary>
    /// <exception cref="MigrationException">The host could not be found again.</exception>
    public Task<CommandResult> ExecuteAsync(string commandLine, CancellationToken cancellationToken) => PatientlyAsync(
        async () =>
        {
            Lazy<Task<ICommandChannel>> used = Current(ref _channel, () => connect(name, _closed.Token));
            try
            {
                ICommandChannel channel = await used.Value.WaitAsync(cancellationToken);
                return await channel.ExecuteAsync(commandLine, cancellationToken);
            }
            catch (MigrationException e) when (IsLoss(e))
            {
                Drop(used);
                throw;
            }
        },
        cancellationToken);

    /// <summary>Asks virsh what may be asked twice: one answer a command, in order, without empty lines.</summary>
    /// <exception cref="MigrationException">The host, or its libvirt, could not be found again.</exception>
    public Task<IReadOnlyList<IReadOnlyList<string>>> VirshAsync(IReadOnlyList<string> commands, CancellationToken cancellationToken) => PatientlyAsync(
        async () =>
        {
            Lazy<Task<ICommandChannel>> channel = Current(ref _channel, () => connect(name, _closed.Token));
            Lazy<Task<VirshSession>>? used = null;
            try
            {
                used = Current(ref _virsh, async () => await VirshSession.StartAsync(await channel.Value, _closed.Token));
                return await (await used.Value.WaitAsync(cancellationToken)).AskAsync(commands, cancellationToken);
            }
            catch (Exception e) when (e is MigrationException or OperationCanceledException)
            {
                Drop(used);
                if (e is MigrationException failure && IsLoss(failure))
                {
                    Drop(channel);
                }

                throw;
            }
        },
        cancellationToken);

    /// <summary>Where a VM stands here.</summary>
    public async Task<DomainState> StateAsync(string vmId, CancellationToken cancellationToken) =>
        VirshAnswers.State((await VirshAsync([VirshAnswers.StateCommand(vmId)], cancellationToken))[0], name);

    /// <summary>Takes the host for the run, and takes it again whenever its connection was lost.</summary>
    /// <exception cref="MigrationException">As for <see cref="HostLease.AcquireAsync"/>, at the first time.</exception>
    public async Task LeaseAsync(string runId, string owner, string life, CancellationToken cancellationToken)
    {
        _lease = await HostLease.AcquireAsync(await ConnectAsync(cancellationToken), runId, owner, life, cancellationToken);
        _leasing = KeepLeaseAsync(runId, owner, life);
    }

    /// <summary>Counts a VM that is being watched here, until the returned object is disposed.</summary>
    public IDisposable Watch()
    {
        Interlocked.Increment(ref _watched);
        return new Watched(this);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        await _leasing;
        if (_lease is not null)
        {
            await _lease.DisposeAsync();
        }

        await DisposeAsync(_virsh);
        await DisposeAsync(_channel);
        _closed.Dispose();
    }

    private async Task KeepLeaseAsync(string runId, string owner, string life)
    {
        try
        {
            while (true)
            {
                HostLease lease = _lease!;
                await lease.Ended.WaitAsync(_closed.Token);
                _lease = null;
                await lease.DisposeAsync();
                await PatientlyAsync(
                    async () => _lease = await HostLease.AcquireAsync(await ConnectAsync(_closed.Token), runId, owner, life, _closed.Token), _closed.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
        catch (MigrationException e)
        {
            // What runs is brought to its end all the same: libvirt lets nobody move a VM that is being moved.
            onTrouble(name, $"the host could not be taken again for this run: {e.Message}");
        }
    }

    /// <summary>Tries again while the host or its libvirt is away, until the limit.</summary>
    private async Task<T> PatientlyAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        DateTime? end = null;
        TimeSpan pause = TimeSpan.FromSeconds(0.5);
        while (true)
        {
            try
            {
                T answer = await ask();
                Volatile.Write(ref _isLookedFor, 0);
                return answer;
            }
            catch (MigrationException e) when (IsLoss(e) || e.Kind == FailureKind.Unavailable)
            {
                end ??= DateTime.UtcNow + options.ReconnectTimeout;
                // Many VMs may ask; one word about it is enough.
                if (Interlocked.Exchange(ref _isLookedFor, 1) == 0)
                {
                    onTrouble(name, $"{e.Message} It is looked for.");
                }

                if (DateTime.UtcNow > end)
                {
                    throw;
                }

                // A host that is away sends no event when it comes back.
                await Task.Delay(pause, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private static bool IsLoss(MigrationException e) => e.Kind is FailureKind.Connection or FailureKind.Timeout;

    private Lazy<Task<T>> Current<T>(ref Lazy<Task<T>>? place, Func<Task<T>> open)
    {
        lock (_lock)
        {
            return place ??= new Lazy<Task<T>>(open);
        }
    }

    private void Drop<T>(Lazy<Task<T>>? used)
        where T : IAsyncDisposable
    {
        lock (_lock)
        {
            if (used is null || (!ReferenceEquals(used, _channel) && !ReferenceEquals(used, _virsh)))
            {
                return;
            }

            if (ReferenceEquals(used, _channel))
            {
                _channel = null;
                _virsh = null;
            }
            else
            {
                _virsh = null;
            }
        }

        _ = DisposeAsync(used);
    }

    private static async Task DisposeAsync<T>(Lazy<Task<T>>? opened)
        where T : IAsyncDisposable
    {
        if (opened is { IsValueCreated: true })
        {
            await ((Task)opened.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (opened.Value.IsCompletedSuccessfully)
            {
                await (await opened.Value).DisposeAsync();
            }
        }
    }

    private sealed class Watched(RunHost host) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref host._watched);
    }
}
