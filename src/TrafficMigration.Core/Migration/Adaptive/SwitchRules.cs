using TrafficMigration.Planning;

namespace TrafficMigration.Migration.Adaptive;

/// <summary>What one VM's pre-copy is judged by.</summary>
internal sealed record SwitchRules
{
    /// <summary>Whether a switch may be advised at all.</summary>
    public bool MayAdapt { get; init; } = true;

    /// <summary>How fast the guest dirties memory, bytes/s, as measured before the run; counts until QEMU tells.</summary>
    public long? DirtyBytesPerSecond { get; init; }

    /// <summary>The migration takes no more than this, bit/s, in both phases; <see langword="null"/> for no limit.</summary>
    public long? BandwidthLimitBitsPerSecond { get; init; }

    /// <summary>A pre-copy ends when what is left takes no longer than this. libvirt's and QEMU's default is 300 ms.</summary>
    public TimeSpan DowntimeLimit { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The rules for a VM.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="mayAdapt">Whether the caller allows it: the technique is nobody's wish, and libvirt was told that a switch may come.</param>
    public static SwitchRules For(VMMigrationPlan plan, bool mayAdapt) => new()
    {
        MayAdapt = mayAdapt && plan.Technique == Technique.PreCopy && plan.Rate.PostCopyCapable != false,
        DirtyBytesPerSecond = plan.Rate.DirtyBytesPerSecond,
        BandwidthLimitBitsPerSecond = plan.BandwidthLimitBitsPerSecond,
    };
}
