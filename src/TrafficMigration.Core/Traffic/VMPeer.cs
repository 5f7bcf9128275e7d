using System.Collections;
using System.Globalization;

namespace TrafficMigration.Traffic;

/// <summary>Another VM of the same host that a VM sends to.</summary>
/// <param name="VMName">The other VM's name.</param>
/// <param name="VMId">libvirt's UUID of it; <see langword="null"/> where not known.</param>
/// <param name="TxBitsPerSecond">Mean rate sent to it, bit/s; as long as both are on one host it reaches no NIC.</param>
public sealed record VMPeer(string VMName, string? VMId, long TxBitsPerSecond)
{
    /// <summary>Prints name and rate as <see cref="VMPeers.Parse"/> reads them: all that a CSV file keeps of it.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{VMPeers.Escape(VMName)}={TxBitsPerSecond}");
}

/// <summary>The VMs of its host that a VM sends to, most first. Its text is <c>vm2=12000000;vm3=5000</c>, so that a CSV file keeps it.</summary>
public sealed class VMPeers : IReadOnlyList<VMPeer>
{
    private readonly VMPeer[] _peers;

    /// <summary>Puts peers in order: most first, then by name.</summary>
    public VMPeers(IEnumerable<VMPeer> peers) =>
        _peers = [.. peers.OrderByDescending(p => p.TxBitsPerSecond).ThenBy(p => p.VMName, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public int Count => _peers.Length;

    /// <inheritdoc/>
    public VMPeer this[int index] => _peers[index];

    /// <summary>Reads what <see cref="ToString"/> printed; empty text is no peer.</summary>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static VMPeers Parse(string text) => new(text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part =>
        part.Split('=') is [{ Length: > 0 } name, string rate]
            && double.TryParse(rate, NumberStyles.Float, CultureInfo.InvariantCulture, out double bits)
            && bits is >= 0 and < 1e18
            ? new VMPeer(Unescape(name), null, (long)Math.Round(bits))
            : throw new FormatException($"'{part}' is not of the form name=bit/s")));

    /// <inheritdoc/>
    public IEnumerator<VMPeer> GetEnumerator() => ((IEnumerable<VMPeer>)_peers).GetEnumerator();

    /// <summary>Prints them, <c>name=bit/s</c>, with semicolons between.</summary>
    public override string ToString() => string.Join(';', _peers.AsEnumerable());

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // A VM may be called anything: what separates the parts is written as in a URL.
    internal static string Escape(string name) => name
        .Replace("%", "%25", StringComparison.Ordinal).Replace(";", "%3B", StringComparison.Ordinal).Replace("=", "%3D", StringComparison.Ordinal);

    private static string Unescape(string name) => name
        .Replace("%3D", "=", StringComparison.Ordinal).Replace("%3B", ";", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);
}
