using TrafficMigration.Traffic;

namespace TrafficMigration.Planning;

/// <summary>A host that VMs leave.</summary>
/// <param name="Name">Its name.</param>
/// <param name="BackgroundTx">What its uplink sends beside the VMs that move, bit/s; VMs that stay are part of it.</param>
/// <param name="BackgroundRx">What its uplink receives beside them, bit/s.</param>
/// <param name="LinkBitsPerSecond">Speed of its uplink, bit/s, where known.</param>
internal sealed record SourceHost(string Name, long BackgroundTx, long BackgroundRx, long? LinkBitsPerSecond);

/// <summary>What a plan is made over: the request's VMs and hosts, checked and in an order that does not depend on the input's.</summary>
internal sealed class Site
{
    // 100 Tbit/s: beyond any NIC, and low enough that sums over every VM of a site fit a long.
    private const long MaxBitsPerSecond = 100_000_000_000_000;

    // What is always there (ARP, time, heartbeats) is far below this share of a link, and all of it together costs no
    // more than this share: no reason for the risk of a post-copy, nor to crowd VMs onto the quietest destination.
    private const double NoiseShare = 0.001;

    // A pre-copy takes M / (B - d): at a fifth of the bandwidth it is a quarter longer than a post-copy.
    private const double HeavyWriteShare = 0.2;

    private readonly Dictionary<VMRef, int> _indices;
    private readonly int[] _vmsAt;
    private readonly long _slowest;
    private readonly StorageCopy _storageCopy;

    private Site(
        VMTrafficRate[] vms, SourceHost[] sources, HostTraffic[] destinations, IReadOnlyList<VMTrafficRate> rates, StorageCopy storageCopy)
    {
        _storageCopy = storageCopy;
        VMs = vms;
        Sources = sources;
        Destinations = destinations;
        var byName = sources.Select((s, i) => (s.Name, i)).ToDictionary(p => p.Name, p => p.i, StringComparer.OrdinalIgnoreCase);
        SourceOf = [.. vms.Select(v => byName[v.HostName])];
        _vmsAt = new int[sources.Length];
        foreach (int source in SourceOf)
        {
            _vmsAt[source]++;
        }

        _indices = vms.Select((v, i) => (v, i)).ToDictionary(p => new VMRef(p.v.HostName, p.v.VMName), p => p.i);
        SpeedsKnown = sources.All(s => s.LinkBitsPerSecond > 0) && destinations.All(d => d.LinkBitsPerSecond > 0);
        _slowest = SpeedsKnown ? Math.Min(sources.Min(s => s.LinkBitsPerSecond!.Value), destinations.Min(d => d.LinkBitsPerSecond!.Value)) : 0;
        Mutual = MutualTraffic.From(rates, vms, SourceOf, s => sources[s].LinkBitsPerSecond, NoiseShare * _slowest);
    }

    /// <summary>The VMs that move, by name and then by host.</summary>
    public VMTrafficRate[] VMs { get; }

    /// <summary>The index of each VM's source.</summary>
    public int[] SourceOf { get; }

    /// <summary>The hosts that they leave, by name.</summary>
    public SourceHost[] Sources { get; }

    /// <summary>The hosts that they may go to, in the order of the request.</summary>
    public HostTraffic[] Destinations { get; }

    /// <summary>How many VMs leave a source.</summary>
    public int VMsAt(int source) => _vmsAt[source];

    /// <summary>What the VMs send each other within their hosts.</summary>
    public MutualTraffic Mutual { get; }

    /// <summary>Whether every link's speed is known, so that contention can be compared as a share of it.</summary>
    public bool SpeedsKnown { get; }

    /// <summary>What a link's contention is divided by: its speed, or 1 for all where one is not known.</summary>
    public long Capacity(long? linkBitsPerSecond) => SpeedsKnown ? linkBitsPerSecond!.Value : 1;

    /// <summary>
    /// Whether a VM sends and receives next to nothing: all such VMs of a host together less than a thousandth of any
    /// link. <see langword="false"/> where not all speeds are known.
    /// </summary>
    public bool IsIdle(int vm)
    {
        double floor = SpeedsKnown ? NoiseShare * _slowest / _vmsAt[SourceOf[vm]] : 0;
        return VMs[vm].TxBitsPerSecond < floor && VMs[vm].RxBitsPerSecond < floor;
    }

    /// <summary>
    /// Whether a VM is known to dirty so much memory that a pre-copy to a destination takes at least a quarter longer than
    /// a post-copy: a fifth of what the slower of both links carries. <see langword="false"/> where not all speeds are known.
    /// </summary>
    public bool WritesMuch(int vm, int destination) => SpeedsKnown && 8.0 * (VMs[vm].DirtyBytesPerSecond ?? 0)
        >= HeavyWriteShare * Math.Min(Sources[SourceOf[vm]].LinkBitsPerSecond!.Value, Destinations[destination].LinkBitsPerSecond!.Value);

    /// <summary>Whether a destination's own traffic is next to nothing.</summary>
    public bool IsQuiet(int destination) =>
        SpeedsKnown && Destinations[destination].BackgroundRxBitsPerSecond < NoiseShare * Destinations[destination].LinkBitsPerSecond!.Value;

    /// <summary>What becomes of a VM's disks: nothing where none is known to lie on its host alone.</summary>
    public StorageCopy CopyOf(int vm) => VMs[vm].DiskStorage is null or DiskStorage.Local ? _storageCopy : StorageCopy.None;

    /// <summary>What a copy of a VM's disks sends, bytes: 0 where none is made, <see langword="null"/> where it is not known.</summary>
    public long? DiskBytes(int vm) => CopyOf(vm) switch
    {
        StorageCopy.All => VMs[vm].LocalDiskBytes,
        StorageCopy.Incremental => VMs[vm].LocalDiskIncrementalBytes,
        _ => 0,
    };

    /// <summary>A VM whose disks are to be copied and whose size is not known, and the property that is missing; <see langword="null"/> for none.</summary>
    public (string Property, string VMName)? DisksUnknown()
    {
        int vm = Enumerable.Range(0, VMs.Length).FirstOrDefault(i => DiskBytes(i) is null, -1);
        return vm < 0 ? null
            : (CopyOf(vm) == StorageCopy.All ? nameof(VMTrafficRate.LocalDiskBytes) : nameof(VMTrafficRate.LocalDiskIncrementalBytes), VMs[vm].VMName);
    }

    /// <summary>
    /// What a VM writes to disks that are copied, bit/s: it is mirrored to the destination until the VM runs there, by
    /// whichever technique. 0 where nothing is copied, or the rate is not known.
    /// </summary>
    public long MirrorBitsPerSecond(int vm) => CopyOf(vm) == StorageCopy.None ? 0 : 8 * (VMs[vm].LocalDiskWriteBytesPerSecond ?? 0);

    /// <summary>
    /// What a VM's bandwidth limit counts, bytes: its memory, and of disks the whole size that the guest sees, written
    /// to or not (libvirt limits a disk's copy by how far it has come).
    /// </summary>
    public long LimitedBytes(int vm) => Forecast.MemoryToMove(VMs[vm])
        + (CopyOf(vm) == StorageCopy.None ? 0 : Math.Max(VMs[vm].LocalDiskCapacityBytes ?? 0, DiskBytes(vm) ?? 0));

    /// <summary>A VM's index, or <see langword="null"/> where it does not move.</summary>
    public int? IndexOf(VMRef vm) => _indices.TryGetValue(vm, out int index) ? index : null;

    /// <summary>A destination's index.</summary>
    /// <exception cref="MigrationException"><c>DestinationUnknown</c>.</exception>
    public int DestinationIndex(string name, VMRef vm)
    {
        int index = Array.FindIndex(Destinations, d => SameHost(d.HostName, name));
        return index >= 0 ? index : throw Failures.DestinationUnknown(name, vm.VMName);
    }

    /// <summary>Checks the input and puts it in order.</summary>
    /// <exception cref="MigrationException">
    /// <c>NoVMToPlan</c>, <c>RateInvalid</c>, <c>NameMissing</c>, <c>DuplicateVM</c>, <c>DuplicateDestination</c>,
    /// <c>DestinationIsSource</c>, <c>HostFigureInvalid</c>.
    /// </exception>
    public static Site From(PlanRequest request)
    {
        foreach (VMTrafficRate rate in request.Rates)
        {
            CheckRate(rate);
        }

        CheckUnique(request.Rates);
        CheckDestinations(request);
        var stays = request.Wishes.Exclude.ToHashSet();
        ILookup<bool, VMTrafficRate> moves = request.Rates.ToLookup(r => !stays.Contains(new VMRef(r.HostName, r.VMName)));
        VMTrafficRate[] vms =
            [.. moves[true].OrderBy(r => r.VMName, StringComparer.Ordinal).ThenBy(r => r.HostName, StringComparer.Ordinal)];
        if (vms.Length == 0)
        {
            throw Failures.NoVMToPlan();
        }

        SourceHost[] sources = [.. request.Rates
            .GroupBy(r => r.HostName, StringComparer.OrdinalIgnoreCase)
            .Where(g => vms.Any(v => SameHost(v.HostName, g.Key)))
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => Source(g.Key, [.. g], moves[false]))];
        return new Site(vms, sources, [.. request.Destinations], request.Rates, request.StorageCopy);
    }

    private static SourceHost Source(string name, VMTrafficRate[] rates, IEnumerable<VMTrafficRate> staying)
    {
        VMTrafficRate[] stay = [.. staying.Where(v => SameHost(v.HostName, name))];
        return new SourceHost(
            name,
            rates.Max(r => r.HostBackgroundTxBitsPerSecond ?? 0) + stay.Sum(v => v.TxBitsPerSecond),
            rates.Max(r => r.HostBackgroundRxBitsPerSecond ?? 0) + stay.Sum(v => v.RxBitsPerSecond),
            rates.Max(r => r.LinkBitsPerSecond));
    }

    private static void CheckUnique(IEnumerable<VMTrafficRate> rates)
    {
        var names = new HashSet<(string, string)>();
        var ids = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (VMTrafficRate vm in rates)
        {
            if (!names.Add((vm.HostName.ToUpperInvariant(), vm.VMName)) || (vm.VMId is { } id && !ids.Add(id)))
            {
                throw Failures.DuplicateVM(vm.HostName, vm.VMName);
            }
        }
    }

    private static void CheckDestinations(PlanRequest request)
    {
        if (request.Destinations.Count == 0)
        {
            throw Failures.NameMissing(nameof(HostTraffic.HostName));
        }

        var sources = request.Rates.Select(r => r.HostName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (HostTraffic host in request.Destinations)
        {
            if (sources.Contains(host.HostName))
            {
                throw Failures.DestinationIsSource(host.HostName);
            }

            if (!seen.Add(host.HostName))
            {
                throw Failures.DuplicateDestination(host.HostName);
            }

            CheckFigure(host, nameof(host.BackgroundRxBitsPerSecond), host.BackgroundRxBitsPerSecond);
            CheckFigure(host, nameof(host.BackgroundTxBitsPerSecond), host.BackgroundTxBitsPerSecond);
            CheckFigure(host, nameof(host.LinkBitsPerSecond), host.LinkBitsPerSecond ?? 0);
        }
    }

    private static void CheckFigure(HostTraffic host, string property, long figure)
    {
        if (figure is < 0 or > MaxBitsPerSecond)
        {
            throw Failures.HostFigureInvalid(host.HostName, property, FormattableString.Invariant($"{figure}"));
        }
    }

    private static void CheckRate(VMTrafficRate vm)
    {
        if (string.IsNullOrWhiteSpace(vm.HostName))
        {
            throw Failures.NameMissing(nameof(vm.HostName));
        }

        if (string.IsNullOrEmpty(vm.VMName))
        {
            throw Failures.NameMissing(nameof(vm.VMName));
        }

        Check(nameof(vm.TxBitsPerSecond), vm.TxBitsPerSecond);
        Check(nameof(vm.RxBitsPerSecond), vm.RxBitsPerSecond);
        Check(nameof(vm.HostBackgroundTxBitsPerSecond), vm.HostBackgroundTxBitsPerSecond ?? 0);
        Check(nameof(vm.HostBackgroundRxBitsPerSecond), vm.HostBackgroundRxBitsPerSecond ?? 0);
        Check(nameof(vm.LinkBitsPerSecond), vm.LinkBitsPerSecond ?? 0);
        foreach (VMPeer peer in vm.Peers ?? (IEnumerable<VMPeer>)[])
        {
            Check($"{nameof(vm.Peers)}, '{peer.VMName}'", peer.TxBitsPerSecond);
        }

        CheckBytes(nameof(vm.MemoryBytes), vm.MemoryBytes);
        CheckBytes(nameof(vm.ResidentBytes), vm.ResidentBytes);
        CheckBytes(nameof(vm.DirtyBytesPerSecond), vm.DirtyBytesPerSecond);
        CheckBytes(nameof(vm.DuplicateMemoryBytes), vm.DuplicateMemoryBytes);
        CheckShare(nameof(vm.ZeroMemoryShare), vm.ZeroMemoryShare);
        CheckShare(nameof(vm.CompressedMemoryShare), vm.CompressedMemoryShare);
        CheckShare(nameof(vm.DuplicateMemoryShare), vm.DuplicateMemoryShare);
        CheckShare(nameof(vm.ChangedPageShare), vm.ChangedPageShare);
        CheckBytes(nameof(vm.LocalDiskBytes), vm.LocalDiskBytes);
        CheckBytes(nameof(vm.LocalDiskIncrementalBytes), vm.LocalDiskIncrementalBytes);
        CheckBytes(nameof(vm.LocalDiskCapacityBytes), vm.LocalDiskCapacityBytes);
        Check(nameof(vm.LocalDiskWriteBytesPerSecond), vm.LocalDiskWriteBytesPerSecond ?? 0);

        void Check(string property, long rate)
        {
            if (rate is < 0 or > MaxBitsPerSecond)
            {
                throw Failures.RateInvalid(
                    vm.HostName, vm.VMName, property, FormattableString.Invariant($"{rate} bit/s is not between 0 and 10^14 bit/s"));
            }
        }

        void CheckShare(string property, double? share)
        {
            if (share is { } known && known is not (>= 0 and <= 1))
            {
                throw Failures.RateInvalid(
                    vm.HostName, vm.VMName, property, FormattableString.Invariant($"{share} is not between 0 and 1"));
            }
        }

        // 1 PiB: no VM has more, and sums stay far from a long's end.
        void CheckBytes(string property, long? bytes)
        {
            if (bytes is < 0 or > 1L << 50)
            {
                throw Failures.RateInvalid(
                    vm.HostName, vm.VMName, property, FormattableString.Invariant($"{bytes} is not between 0 and 2^50"));
            }
        }
    }

    private static bool SameHost(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
