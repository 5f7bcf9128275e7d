namespace TrafficMigration.Migration.Adaptive;

/// <summary>Why a pre-copy should become a post-copy.</summary>
public enum SwitchCause
{
    /// <summary>Its memory meets more traffic than it would in post-copy.</summary>
    Contention,

    /// <summary>It does not get nearer to its end.</summary>
    NoConvergence,
}

/// <summary>What was decided about a running pre-copy, and by which figures.</summary>
/// <param name="Switches">Whether it is switched to post-copy; if not, whether that was near.</param>
/// <param name="Cause">Why.</param>
/// <param name="PreCopySeconds">How long the rest takes in pre-copy by the model, s; infinite where it does not end.</param>
/// <param name="PostCopySeconds">How long the rest takes in post-copy by the model, s.</param>
/// <param name="BytesRemaining">What is left to send, bytes.</param>
/// <param name="DirtyBytesPerSecond">How fast the guest dirties memory, bytes/s; 0 where not known.</param>
/// <param name="MeetsOutgoingBitsPerSecond">Traffic that the memory meets in pre-copy, bit/s; <see langword="null"/> where not known.</param>
/// <param name="MeetsIncomingBitsPerSecond">Traffic that it would meet in post-copy, bit/s; <see langword="null"/> where not known.</param>
public sealed record SwitchDecision(
    bool Switches, SwitchCause Cause, double PreCopySeconds, double PostCopySeconds, long BytesRemaining, long DirtyBytesPerSecond,
    long? MeetsOutgoingBitsPerSecond, long? MeetsIncomingBitsPerSecond)
{
    /// <summary>Prints the decision as a sentence.</summary>
    public override string ToString()
    {
        string what = Switches ? "switched to post-copy" : "stays in pre-copy for now";
        string why = Cause == SwitchCause.NoConvergence
            ? FormattableString.Invariant($"it did not converge ({BytesRemaining / 1048576.0:0} MiB to go, dirtied at {DirtyBytesPerSecond * 8 / 1e6:0} Mbps)")
            : FormattableString.Invariant($"memory meets {MeetsOutgoingBitsPerSecond / 1e6:0} Mbps going out, and would meet {MeetsIncomingBitsPerSecond / 1e6:0} Mbps coming in");
        string rest = double.IsFinite(PreCopySeconds)
            ? FormattableString.Invariant($"the rest takes {PreCopySeconds:0} s in pre-copy, {PostCopySeconds:0} s in post-copy")
            : FormattableString.Invariant($"the rest would take {PostCopySeconds:0} s in post-copy, and does not end in pre-copy");
        return $"{what}: {why}; {rest}";
    }
}
