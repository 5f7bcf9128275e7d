using TrafficMigration.Kvm;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>Where a pre-copy is.</summary>
/// <param name="Pass">The pass over memory that runs, from 1.</param>
/// <param name="TotalBytes">All of the VM's memory, bytes.</param>
/// <param name="LeftBytes">What the pass has still to send, bytes.</param>
/// <param name="PassSeconds">How long the pass has run, and dirtied pages been noted for the next.</param>
/// <param name="BytesPerSecond">How fast memory is sent, the mean of the last looks; 0 where not known.</param>
/// <param name="DirtyBytesPerSecond">How fast the guest dirties memory; <see langword="null"/> where QEMU does not tell yet.</param>
/// <param name="PassBytes">What the pass had to send at its begin, bytes; of passes too short to be seen one by one, their mean.</param>
/// <param name="Stalls">Whether the pass before, from the second on, left no less than it had to send itself.</param>
internal readonly record struct PreCopyProgress(
    long Pass, double TotalBytes, double LeftBytes, double PassSeconds, double BytesPerSecond, double? DirtyBytesPerSecond,
    double PassBytes, bool Stalls);

/// <summary>Follows one pre-copy's passes from looks that fall anywhere in them.</summary>
/// <remarks>
/// What is left at a look depends on how far its pass has come, so looks must not be compared by it: a pass seen near its
/// end and the next seen at its begin would look like a stall. But what left rises by between two looks, plus what was
/// sent meanwhile, is exactly what the next passes had to send.
/// </remarks>
internal sealed class PassTracker
{
    // One sample of QEMU's own rate covers a tenth of a second; bytes over some seconds are steadier.
    private const double RateSeconds = 6;
    private const double ShortestSeconds = 1;

    // A VM that dirties all that is sent leaves as much again, give or take what counting pages is worth. Passes that each
    // leave 98 % would need 34 to halve what is left.
    private const double NoLess = 0.98;

    private readonly Queue<(double At, long Sent)> _looks = new();
    private DateTimeOffset? _firstLook;
    private JobFigures? _last;
    private double _passBytes;
    private double _passBegan;
    private bool _stalls;

    /// <summary>Takes a look at the figures.</summary>
    /// <param name="figures">libvirt's figures of a running pre-copy.</param>
    /// <param name="now">When; counts only where the figures do not say how long the job has run.</param>
    public PreCopyProgress Observe(JobFigures figures, DateTimeOffset now)
    {
        double at = (figures.Elapsed ?? now - (_firstLook ??= now)).TotalSeconds;
        double rate = Rate(figures, at);
        if (_last is null)
        {
            // Seen first in its first pass, as a rule: that began when QEMU was ready, with all of the memory.
            _passBytes = figures.Iteration <= 1 ? Math.Max(figures.BytesTotal, figures.BytesRemaining) : figures.BytesRemaining;
            _passBegan = figures is { Iteration: <= 1, Elapsed: not null } ? (figures.SetupTime ?? TimeSpan.Zero).TotalSeconds : at;
        }
        else if (figures.Iteration > _last.Iteration)
        {
            Turn(_last, figures, at, rate);
        }

        _last = figures;
        return new PreCopyProgress(
            figures.Iteration, Math.Max(figures.BytesTotal, figures.BytesRemaining), figures.BytesRemaining, Math.Max(0, at - _passBegan), rate,
            figures.Iteration > 1 || figures.DirtyBytesPerSecond > 0 ? figures.DirtyBytesPerSecond : null, _passBytes, _stalls);
    }

    private void Turn(JobFigures before, JobFigures figures, double at, double rate)
    {
        long turns = figures.Iteration - before.Iteration;
        double dirtied = figures.BytesRemaining + figures.BytesTransferred - before.BytesTransferred - before.BytesRemaining;
        double size = Math.Max(figures.BytesRemaining, dirtied / turns);
        _stalls = before.Iteration >= 2 && size >= NoLess * _passBytes;
        _passBytes = size;
        _passBegan = rate > 0 ? at - ((size - figures.BytesRemaining) / rate) : at;
    }

    private double Rate(JobFigures figures, double at)
    {
        if (_looks.Count > 0 && (at < _looks.Peek().At || figures.BytesTransferred < _looks.Peek().Sent))
        {
            _looks.Clear();
        }

        _looks.Enqueue((at, figures.BytesTransferred));
        while (at - _looks.Peek().At > RateSeconds && _looks.Count > 2)
        {
            _looks.Dequeue();
        }

        (double from, long sent) = _looks.Peek();
        return at - from >= ShortestSeconds && figures.BytesTransferred > sent
            ? (figures.BytesTransferred - sent) / (at - from)
            : figures.BytesPerSecond ?? 0;
    }
}
