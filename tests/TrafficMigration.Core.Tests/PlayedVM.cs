using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Tests;

/// <summary>One VM of a run that is played: how much of its memory has flowed, pass by pass.</summary>
/// <param name="plan">Its plan.</param>
/// <param name="number">Its number in the run, from 0.</param>
internal sealed class PlayedVM(VMMigrationPlan plan, int number)
{
    private double _inPass;

    public VMMigrationPlan Plan => plan;

    public int Number => number;

    public string Name => plan.VMName;

    public MigrationState State { get; set; }

    public bool IsThere { get; set; }

    public bool HasSwitched { get; set; }

    public double Began { get; set; }

    public double Over { get; set; }

    public double Sent { get; private set; }

    public double Left { get; private set; } = plan.Rate.MemoryBytes ?? 0;

    public double Rate { get; private set; }

    public int Passes { get; private set; } = 1;

    public List<string> Decisions { get; } = [];

    public void Flow(double bytes, double bytesPerSecond)
    {
        Rate = bytesPerSecond;
        Sent += Math.Min(bytes, Left);
        Left = Math.Max(0, Left - bytes);
        _inPass += PlayedRun.Step;
        if (Left == 0 && !HasSwitched && State == MigrationState.PreCopying)
        {
            // The next pass sends what was dirtied meanwhile, until that is little.
            double dirtied = (plan.Rate.DirtyBytesPerSecond ?? 0) * _inPass;
            (Left, _inPass, Passes) = (dirtied > bytesPerSecond * 0.3 ? dirtied : 0, 0, Passes + 1);
        }
    }
}
