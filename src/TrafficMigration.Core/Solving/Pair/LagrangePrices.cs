namespace TrafficMigration.Solving;

/// <summary>One set of prices with what flips outside the core can save at them.</summary>
internal sealed class LagrangePrices
{
    /// <param name="weights">The prices.</param>
    /// <param name="core">The core; everything outside is as the split has it.</param>
    public LagrangePrices(LagrangeWeights weights, Core core)
    {
        Weights = weights;
        for (int i = 0; i < core.Order.Count; i++)
        {
            Outside += i >= core.Start && i < core.End ? 0 : Flip(core.Order[i], i < core.Start);
        }
    }

    /// <summary>The prices.</summary>
    public LagrangeWeights Weights { get; }

    /// <summary>What flips outside the core can save at most.</summary>
    public Int128 Outside { get; private set; }

    /// <summary>The price of each of the incumbent's corners.</summary>
    public Int128[] Limits { get; set; } = [];

    /// <summary>A VM has entered the core.</summary>
    public void Leave(in FreeVM vm, bool wasPostCopied) => Outside -= Flip(vm, wasPostCopied);

    private Int128 Flip(in FreeVM vm, bool isPostCopied)
    {
        Int128 saving = Weights.Saving(vm);
        return Int128.Max(0, isPostCopied ? -saving : saving);
    }
}
