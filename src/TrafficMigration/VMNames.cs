using System.Collections;
using System.Management.Automation;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;

namespace TrafficMigration.Commands;

/// <summary>Finds the VMs that a user means by a name or a wildcard.</summary>
/// <param name="rates">The VMs that came in.</param>
internal sealed class VMNames(IReadOnlyList<VMTrafficRate> rates)
{
    /// <summary>The VMs of a name.</summary>
    /// <exception cref="MigrationException"><c>WishUnknownVM</c>: none; a wish that silently does nothing would be found out too late.</exception>
    public IReadOnlyList<VMRef> Matching(string name)
    {
        // A VM's name may hold wildcard characters itself, hence the plain comparison first.
        var pattern = new WildcardPattern(name, WildcardOptions.IgnoreCase);
        VMRef[] exact = [.. rates.Where(r => r.VMName == name).Select(Ref)];
        VMRef[] found = exact.Length > 0 ? exact : [.. rates.Where(r => pattern.IsMatch(r.VMName)).Select(Ref)];
        return found.Length > 0 ? found : throw Failures.WishUnknownVM(name);
    }

    /// <summary>A table of names to values, as VMs to values.</summary>
    /// <exception cref="MigrationException"><c>WishUnknownVM</c>, <c>WishInvalid</c>: two entries say different things of one VM.</exception>
    public IReadOnlyDictionary<VMRef, T> Pins<T>(string parameter, IDictionary? table, Func<object?, T> read)
    {
        var pins = new Dictionary<VMRef, T>();
        foreach (DictionaryEntry entry in table ?? new Hashtable())
        {
            T value = read(entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value);
            foreach (VMRef vm in Matching(entry.Key.ToString()!))
            {
                if (!pins.TryAdd(vm, value) && !EqualityComparer<T>.Default.Equals(pins[vm], value))
                {
                    throw Failures.WishInvalid($"-{parameter}", $"VM {vm} matches entries with different values, '{pins[vm]}' and '{value}'");
                }
            }
        }

        return pins;
    }

    /// <summary>One group of names, or several: as PowerShell makes of a, b and of (a, b), (c, d).</summary>
    public IReadOnlyList<IReadOnlyList<VMRef>> Groups(object[]? given)
    {
        if (given is null)
        {
            return [];
        }

        object?[] items = [.. given.Select(g => g is PSObject wrapped ? wrapped.BaseObject : g)];
        IEnumerable<object?>[] groups = items.Any(i => i is object[])
            ? [.. items.Select(i => i as IEnumerable<object?> ?? [i])]
            : [items];
        return [.. groups.Select(g => g.SelectMany(name => Matching(name?.ToString() ?? "")).Distinct().ToArray())];
    }

    private static VMRef Ref(VMTrafficRate rate) => new(rate.HostName, rate.VMName);
}
