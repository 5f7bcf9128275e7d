namespace TrafficMigration;

/// <summary>How one VM's memory gets to the destination.</summary>
public enum Technique
{
    /// <summary>Memory first, then the VM: it runs at the source until the end.</summary>
    PreCopy,

    /// <summary>The VM first, then its memory: it runs at the destination from the start.</summary>
    PostCopy,

    /// <summary>While the VM stands still, memory and disk images alike, as one of a group that moves together or not at all.</summary>
    Offline,
}

/// <summary>What becomes of the memory of a VM that is moved offline.</summary>
public enum OfflineMemory
{
    /// <summary>It is saved, and the VM goes on where it was.</summary>
    Save,

    /// <summary>The guest is shut down, and started anew.</summary>
    Shutdown,
}

/// <content>What is asked of techniques.</content>
internal static class Techniques
{
    /// <summary>The techniques that the planner chooses between.</summary>
    public static IReadOnlyList<Technique> Live { get; } = [Technique.PreCopy, Technique.PostCopy];
}
