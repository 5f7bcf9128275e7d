namespace TrafficMigration;

/// <summary>What becomes of a VM's disks that lie on storage of its host alone.</summary>
public enum StorageCopy
{
    /// <summary>They are not copied; a VM that has some cannot be migrated.</summary>
    None,

    /// <summary>Copied whole, into images that need no backing file (<c>virsh migrate --copy-storage-all</c>).</summary>
    All,

    /// <summary>Without what their backing files hold, which must be at the destination already (<c>--copy-storage-inc</c>).</summary>
    Incremental,
}
