namespace TrafficMigration.Prediction;

/// <summary>Where a migration is.</summary>
internal enum MigrationPhase
{
    /// <summary>It has not started; the VM runs at the source.</summary>
    Waiting,

    /// <summary>Disks are copied, and no memory yet; the VM runs at the source.</summary>
    MirroringDisks,

    /// <summary>Passes over the memory; the VM runs at the source.</summary>
    PreCopy,

    /// <summary>The last pages of a pre-copy; the VM stands still.</summary>
    StopAndCopy,

    /// <summary>Memory follows the VM, which runs at the destination.</summary>
    PostCopy,

    /// <summary>The VM runs at the destination, with all its memory.</summary>
    Ended,
}

/// <summary>One migration's way through its phases, driven by the rate that the network gives it.</summary>
/// <remarks>
/// What a switchover costs beside memory (device state, starting the VM) is not modelled: post-copy has no downtime. Nor
/// is that a post-copied VM waits for pages that it touches before they came. What the VM writes to disks that are being
/// copied is sent once more, wherever it writes; once they are copied it is sent as it is written.
/// </remarks>
internal sealed class MigrationProcess(ScenarioMigration migration)
{
    private readonly PreCopy _preCopy = new(migration);
    private double _preCopied;
    private double _rest;
    private double _restLeft;
    private PreCopyEnd? _preCopyEnd;
    private double _diskLeft = migration.DiskBytes ?? 0;

    /// <summary>Where it is.</summary>
    public MigrationPhase Phase { get; private set; }

    /// <summary>Whether it started and has not ended.</summary>
    public bool IsRunning => Phase is not (MigrationPhase.Waiting or MigrationPhase.Ended);

    /// <summary>When it started, seconds.</summary>
    public double Start { get; private set; }

    /// <summary>How long it took, seconds, once it ended.</summary>
    public double Duration { get; private set; }

    /// <summary>How long the VM stood still, seconds.</summary>
    public double Downtime { get; private set; }

    /// <summary>Whether it was switched from pre-copy to post-copy.</summary>
    public bool Switched { get; private set; }

    /// <summary>Memory and disks sent so far, bytes.</summary>
    public double BytesSent => _preCopied + _rest - _restLeft + DiskBytesSent;

    /// <summary>Disks sent so far, bytes.</summary>
    public double DiskBytesSent { get; private set; }

    /// <summary>Starts it.</summary>
    public void Begin(double now)
    {
        Start = now;
        if (migration.DiskBytes is not null)
        {
            Phase = MigrationPhase.MirroringDisks;
        }
        else
        {
            BeginMemory();
        }
    }

    private void BeginMemory()
    {
        if (migration.Technique == Technique.PreCopy)
        {
            Phase = MigrationPhase.PreCopy;
        }
        else
        {
            Enter(migration.Technique == Technique.Offline ? MigrationPhase.StopAndCopy : MigrationPhase.PostCopy, migration.MemoryBytes);
        }
    }

    /// <summary>How long it stays in its phase at this rate, bytes per second; infinite if for ever.</summary>
    public double SecondsToNextPhase(double rate)
    {
        if (Phase == MigrationPhase.MirroringDisks)
        {
            double gained = rate - migration.DiskWriteBytesPerSecond;
            return _diskLeft <= 0 ? 0 : gained > 0 ? _diskLeft / gained : double.PositiveInfinity;
        }

        if (Phase == MigrationPhase.PreCopy)
        {
            _preCopyEnd = _preCopy.Forecast(rate);
            return _preCopyEnd?.Seconds ?? double.PositiveInfinity;
        }

        return _restLeft <= 0 ? 0 : rate > 0 ? _restLeft / rate : double.PositiveInfinity;
    }

    /// <summary>Stays in its phase at this rate for a time, seconds.</summary>
    /// <param name="rate">What its phase sends, bytes per second.</param>
    /// <param name="mirror">What is sent of disk writes beside memory, bytes per second.</param>
    /// <param name="seconds">How long.</param>
    public void Advance(double rate, double mirror, double seconds)
    {
        DiskBytesSent += mirror * seconds;
        if (Phase == MigrationPhase.MirroringDisks)
        {
            DiskBytesSent += rate * seconds;
            _diskLeft += (migration.DiskWriteBytesPerSecond - rate) * seconds;
        }
        else if (Phase == MigrationPhase.PreCopy)
        {
            _preCopy.Advance(rate, seconds);
            _preCopied += rate * seconds;
        }
        else
        {
            _restLeft -= rate * seconds;
            Downtime += Phase == MigrationPhase.StopAndCopy ? seconds : 0;
        }
    }

    /// <summary>Completes its phase, which the rate last told to <see cref="SecondsToNextPhase"/> does in so many seconds.</summary>
    /// <param name="now">The time after that, seconds.</param>
    /// <param name="mirror">What was sent of disk writes beside memory, bytes per second.</param>
    /// <param name="seconds">The time it took since it last advanced.</param>
    public void CompletePhase(double now, double mirror, double seconds)
    {
        DiskBytesSent += mirror * seconds;
        if (Phase == MigrationPhase.MirroringDisks)
        {
            DiskBytesSent += _diskLeft + (migration.DiskWriteBytesPerSecond * seconds);
            _diskLeft = 0;
            BeginMemory();
            return;
        }

        if (Phase == MigrationPhase.PreCopy)
        {
            PreCopyEnd end = _preCopyEnd!.Value;
            _preCopied += end.Bytes;
            Switched = end.ToPostCopy;
            Enter(end.ToPostCopy ? MigrationPhase.PostCopy : MigrationPhase.StopAndCopy, end.Rest);
        }
        else
        {
            Downtime += Phase == MigrationPhase.StopAndCopy ? seconds : 0;
            _restLeft = 0;
        }

        if (_restLeft <= 0)
        {
            Phase = MigrationPhase.Ended;
            Duration = now - Start;
        }
    }

    private void Enter(MigrationPhase phase, double bytes)
    {
        Phase = phase;
        _rest = _restLeft = bytes;
    }
}
