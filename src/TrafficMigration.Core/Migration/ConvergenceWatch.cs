using TrafficMigration.Kvm;

namespace TrafficMigration.Migration;

/// <summary>Tells when a pre-copy no longer gets nearer to its end: a pass from the second on leaves no less than the one before.</summary>
/// <remarks>The rule of the prediction; looked at from time to time, so that of several short passes only the last is seen.</remarks>
internal sealed class ConvergenceWatch
{
    private long _pass;
    private long _toSend = long.MaxValue;

    /// <summary>Takes a look at the figures; says whether the pre-copy stalls.</summary>
    public bool Stalls(JobFigures figures)
    {
        if (figures.Iteration <= _pass)
        {
            return false;
        }

        bool stalls = _pass >= 2 && figures.BytesRemaining >= _toSend;
        (_pass, _toSend) = (figures.Iteration, figures.BytesRemaining);
        return stalls;
    }
}
