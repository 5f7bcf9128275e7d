namespace TrafficMigration.Migration.Adaptive;

/// <summary>Why a pre-copy should become a post-copy.</summary>
public enum SwitchCause
{
    /// <summary>Its memory meets so much traffic that it takes longer than it would in post-copy.</summary>
    Contention,

    /// <summary>It does not get nearer to its end.</summary>
    NoConvergence,
}

/// <summary>What was decided about a running pre-copy, and by which figures.</summary>
public sealed record SwitchDecision
{
    /// <summary>When it was decided.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Whether it is switched to post-copy now.</summary>
    public required bool Switches { get; init; }

    /// <summary>Whether post-copy pays by the figures. Without <see cref="Switches"/>: it is waited for whether that lasts, or it did not.</summary>
    public required bool Pays { get; init; }

    /// <summary>Why it is, would be or would have been switched.</summary>
    public required SwitchCause Cause { get; init; }

    /// <summary>What a post-copy has to send, bytes: what was not sent yet and what was dirtied since.</summary>
    public required long BytesRemaining { get; init; }

    /// <summary>How fast the guest dirties memory, bytes/s.</summary>
    public required long DirtyBytesPerSecond { get; init; }

    /// <summary>How fast memory is sent in pre-copy, bit/s.</summary>
    public required long PreCopyBitsPerSecond { get; init; }

    /// <summary>How fast it would be sent in post-copy by the model, bit/s.</summary>
    public required long PostCopyBitsPerSecond { get; init; }

    /// <summary>How long the rest takes in pre-copy by the model; <see langword="null"/> where it does not end.</summary>
    public TimeSpan? PreCopyRemaining { get; init; }

    /// <summary>How long the rest takes in post-copy by the model.</summary>
    public required TimeSpan PostCopyRemaining { get; init; }

    /// <summary>What the VM cannot send in pre-copy of what it wants to, by the model, bit/s.</summary>
    public required long PreCopyLossBitsPerSecond { get; init; }

    /// <summary>What the VM could not receive in post-copy of what is sent to it, by the model, bit/s.</summary>
    public required long PostCopyLossBitsPerSecond { get; init; }

    /// <summary>What the VM sends: memory shares the way with it in pre-copy. bit/s; <see langword="null"/> where not known.</summary>
    public long? TxBitsPerSecond { get; init; }

    /// <summary>What the VM receives: memory shares the way with it in post-copy. bit/s; <see langword="null"/> where not known.</summary>
    public long? RxBitsPerSecond { get; init; }

    /// <summary>What else leaves the source and is no memory of the run, bit/s; <see langword="null"/> where not known.</summary>
    public long? SourceOtherTxBitsPerSecond { get; init; }

    /// <summary>What else enters the destination and is no memory of the run, bit/s; <see langword="null"/> where not known.</summary>
    public long? DestinationOtherRxBitsPerSecond { get; init; }

    /// <summary>Prints the decision as a sentence.</summary>
    public override string ToString()
    {
        string what = Switches ? "switched to post-copy" : Pays ? "is to be switched to post-copy if this lasts" : "stays in pre-copy, what spoke for post-copy has passed";
        string why = (Cause, DirtyBytesPerSecond, TxBitsPerSecond) switch
        {
            (SwitchCause.NoConvergence, 0, _) => "a pass left no less memory than the one before",
            (SwitchCause.NoConvergence, var dirty, _) => FormattableString.Invariant(
                $"memory is sent at {PreCopyBitsPerSecond / 1e6:0} Mbps and dirtied at {dirty * 8 / 1e6:0} Mbps"),
            (_, _, null) => "traffic is not known any more",
            (_, _, var tx) => FormattableString.Invariant(
                $"memory competes with {tx / 1e6:0} Mbps that the VM sends, in post-copy with {RxBitsPerSecond / 1e6:0} Mbps that it receives"),
        };
        string preCopy = PreCopyRemaining is { } rest ? FormattableString.Invariant($"takes {rest.TotalSeconds:0} s in pre-copy") : "would not end in pre-copy";
        return FormattableString.Invariant(
            $"{what}: {why}; the rest of {BytesRemaining / 1048576.0:0} MiB {preCopy}, {PostCopyRemaining.TotalSeconds:0} s in post-copy");
    }
}
