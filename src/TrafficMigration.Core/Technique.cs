namespace TrafficMigration;

/// <summary>How one VM's memory gets to the destination.</summary>
public enum Technique
{
    /// <summary>Memory first, then the VM: it runs at the source until the end.</summary>
    PreCopy,

    /// <summary>The VM first, then its memory: it runs at the destination from the start.</summary>
    PostCopy,
}
