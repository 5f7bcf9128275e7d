namespace TrafficMigration.Planning;

/// <summary>One wish of a request, by indices of a <see cref="Site"/>, with the words in which the user would know it.</summary>
/// <param name="Text">The wish in words.</param>
internal abstract record Wish(string Text)
{
    /// <summary>A VM's technique is given.</summary>
    public sealed record PinnedTechnique(string Text, int VM, Technique Technique) : Wish(Text);

    /// <summary>A VM's destination is given.</summary>
    public sealed record PinnedDestination(string Text, int VM, int Destination) : Wish(Text);

    /// <summary>No two of these share a destination.</summary>
    public sealed record Separate(string Text, int[] VMs) : Wish(Text);

    /// <summary>These share a destination.</summary>
    public sealed record Together(string Text, int[] VMs) : Wish(Text);

    /// <summary>At most so many are post-copied.</summary>
    public sealed record MaxPostCopy(string Text, int Count) : Wish(Text);

    /// <summary>The wishes of a request in a fixed order.</summary>
    /// <exception cref="MigrationException"><c>WishUnknownVM</c>, <c>DestinationUnknown</c>.</exception>
    public static Wish[] Of(PlanWishes wishes, Site site)
    {
        var stays = wishes.Exclude.ToHashSet();
        var all = new List<Wish>();
        all.AddRange(Moving(wishes.Techniques.Keys).Select(p => new PinnedTechnique(
            $"{p.VM} by {wishes.Techniques[p.VM]}", p.Index, wishes.Techniques[p.VM])));
        all.AddRange(Moving(wishes.Destinations.Keys).Select(p => new PinnedDestination(
            $"{p.VM} to '{wishes.Destinations[p.VM]}'", p.Index, site.DestinationIndex(wishes.Destinations[p.VM], p.VM))));
        all.AddRange(Groups(wishes.Separate).Select(g => new Separate($"{g.Text} apart", g.VMs)));
        all.AddRange(Groups(wishes.Together).Select(g => new Together($"{g.Text} together", g.VMs)));
        if (wishes.MaxPostCopy is { } count)
        {
            all.Add(new MaxPostCopy(FormattableString.Invariant($"at most {count} by PostCopy"), count));
        }

        return [.. all];

        // A VM that stays needs no wish; one that never came in is a slip of the pen.
        IEnumerable<(VMRef VM, int Index)> Moving(IEnumerable<VMRef> vms) => vms
            .Where(v => !stays.Contains(v))
            .Select(v => (v, site.IndexOf(v) ?? throw Failures.WishUnknownVM(v.VMName)))
            .OrderBy(p => p.Item2);

        IEnumerable<(string Text, int[] VMs)> Groups(IEnumerable<IReadOnlyList<VMRef>> groups) => groups
            .Select(g => Moving(g.Distinct()).ToArray())
            .Where(g => g.Length > 1)
            .Select(g => (string.Join(", ", g.Select(p => p.VM)), g.Select(p => p.Index).ToArray()));
    }
}
