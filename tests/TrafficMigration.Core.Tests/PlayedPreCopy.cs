using TrafficMigration.Kvm;

namespace TrafficMigration.Tests;

/// <summary>A pre-copy at constant rates, followed pass by pass, as looks at its job show it.</summary>
/// <param name="memory">All of the VM's memory, bytes.</param>
/// <param name="dirty">How fast the guest dirties memory, bytes/s; all of it before any of it again.</param>
/// <param name="rate">How fast memory is sent, bytes/s.</param>
internal sealed class PlayedPreCopy(long memory, double dirty, double rate)
{
    private const double DowntimeSeconds = 0.3;

    /// <summary>The figures so many seconds after the begin; <see langword="null"/> once the passes are over.</summary>
    public JobFigures? At(double seconds) => Follow(seconds) is { } pass
        ? new JobFigures((long)(pass.Sent + pass.Done), (long)(pass.Size - pass.Done), memory, null, pass.Number)
        {
            BytesPerSecond = (long)rate,
            DirtyBytesPerSecond = (long?)pass.DirtyBefore,
            SetupTime = TimeSpan.Zero,
            Elapsed = TimeSpan.FromSeconds(seconds),
        }
        : null;

    /// <summary>What a post-copy would have to send then, bytes.</summary>
    public double RestAt(double seconds) =>
        Follow(seconds) is { } pass ? Math.Min(memory, pass.Size - pass.Done + (dirty * (seconds - pass.Began))) : 0;

    private Pass? Follow(double seconds)
    {
        var pass = new Pass(1, 0, memory, 0, 0, null);
        while (pass.Size / rate <= seconds - pass.Began)
        {
            double length = pass.Size / rate;
            double leaves = Math.Min(memory, dirty * length);
            if (leaves <= Math.Max(4096, rate * DowntimeSeconds))
            {
                return null;
            }

            pass = new Pass(pass.Number + 1, pass.Began + length, leaves, pass.Sent + pass.Size, 0, leaves / length);
        }

        return pass with { Done = rate * (seconds - pass.Began) };
    }

    private sealed record Pass(long Number, double Began, double Size, double Sent, double Done, double? DirtyBefore);
}
