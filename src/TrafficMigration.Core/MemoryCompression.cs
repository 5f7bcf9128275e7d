namespace TrafficMigration;

/// <summary>How QEMU makes less of the memory that it sends. A host's abilities are several of them, a VM's plan has one.</summary>
/// <remarks>Pages of zeroes are never sent, whichever this is.</remarks>
[Flags]
public enum MemoryCompression
{
    /// <summary>Pages are sent as they are.</summary>
    None = 0,

    /// <summary>
    /// Of a page that was sent before only the difference (QEMU's docs/devel/migration, XBZRLE; libvirt's <c>--comp-methods
    /// xbzrle</c>): helps pre-copies of VMs that change little of many pages, and may be switched to post-copy.
    /// </summary>
    Xbzrle = 1,

    /// <summary>Each page, with zlib, on connections of their own (multifd; libvirt's <c>--parallel --comp-methods zlib</c>); only pre-copy.</summary>
    Zlib = 2,

    /// <summary>Each page, with Zstandard, on connections of their own (multifd; libvirt's <c>--parallel --comp-methods zstd</c>); only pre-copy.</summary>
    Zstd = 4,
}
