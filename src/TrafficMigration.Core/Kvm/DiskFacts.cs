namespace TrafficMigration.Kvm;

/// <summary>A writable disk of a VM.</summary>
/// <param name="Kind">libvirt's word for its kind: <c>file</c>, <c>block</c>, <c>network</c>, ...</param>
/// <param name="Source">Path of the file or device; name of the protocol for a network disk.</param>
/// <remarks>Two are the same that lie at the same place, whatever else is known of them.</remarks>
internal sealed record DiskFacts(string Kind, string? Source)
{
    /// <summary>The disk's name in the guest's definition: <c>vda</c>.</summary>
    public string Target { get; init; } = "";

    /// <summary>Format of the image, as libvirt names it; <see langword="null"/> where the definition does not say.</summary>
    public string? Format { get; init; }

    /// <summary>The backing files below it, the nearest first.</summary>
    public IReadOnlyList<BackingFile> Backing { get; init; } = [];

    /// <summary>Why it cannot be copied to another host's file, in words; <see langword="null"/> where nothing is known to be in the way.</summary>
    public string? Obstacle { get; init; }

    /// <inheritdoc/>
    public bool Equals(DiskFacts? other) => other is not null && Kind == other.Kind && Source == other.Source;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Source);
}

/// <summary>An image that others lie on.</summary>
/// <param name="Path">Path of the file or device.</param>
/// <param name="Format">Its format, as libvirt names it; <see langword="null"/> where the definition does not say.</param>
internal sealed record BackingFile(string Path, string? Format);

/// <summary>What QEMU and libvirt tell of a disk.</summary>
/// <param name="WrittenBytes">Written by the guest since QEMU started.</param>
/// <param name="CapacityBytes">Size that the guest sees.</param>
internal sealed record BlockFigures(long WrittenBytes, long CapacityBytes);
