namespace TrafficMigration.Solving;

/// <summary>A small generator of numbers that look random and are the same for the same seed on every machine and runtime.</summary>
/// <remarks>Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, section 4 (Java's SplittableRandom).</remarks>
/// <param name="seed">The seed.</param>
internal sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from 0 up to, but not including, a limit, which must be above 0.</summary>
    public int Next(int limit)
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)limit);
    }
}
