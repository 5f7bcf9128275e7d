namespace TrafficMigration.Planning;

/// <summary>Orders of migrations in which the VMs of a gang follow each other.</summary>
internal sealed class GangOrders
{
    private readonly int[][] _gangs;
    private readonly int[] _alone;
    private readonly Func<int, long> _size;

    /// <summary>Of a site's gangs.</summary>
    public GangOrders(Site site)
    {
        _gangs = [.. site.Mutual.Gangs.Select(g => site.Mutual.Closest(g).ToArray())];
        _alone = [.. Enumerable.Range(0, site.VMs.Length).Where(i => site.Mutual.GangOf[i] is null)];
        _size = i => Forecast.MemoryToMove(site.VMs[i]);
    }

    /// <summary>Whether there is any gang.</summary>
    public bool Any => _gangs.Length > 0;

    /// <summary>Gangs, and VMs of none as if they were one each: by name, largest first, smallest first.</summary>
    public IEnumerable<int[]> Mixed() => Sorted([.. _gangs, .. _alone.Select(i => new[] { i })]).Select(Flat);

    /// <summary>Gangs in these orders, each a stage; the VMs of none are the last stage, in which they need not wait for each other.</summary>
    /// <param name="schedule">What order and stages are put into.</param>
    public IEnumerable<Schedule> Staged(Schedule schedule) => Sorted(_gangs).Select(gangs =>
    {
        int[][] units = _alone.Length > 0 ? [.. gangs, _alone] : [.. gangs];
        var stages = new int?[schedule.Order.Length];
        for (int stage = 0; stage < units.Length; stage++)
        {
            foreach (int vm in units[stage])
            {
                stages[vm] = stage + 1;
            }
        }

        return schedule with { Order = Flat(units), Stages = stages };
    });

    private IEnumerable<int[][]> Sorted(int[][] units)
    {
        long Size(int[] unit) => unit.Sum(_size);
        yield return [.. units.OrderBy(u => u.Min())];
        yield return [.. units.OrderByDescending(Size)];
        yield return [.. units.OrderBy(Size)];
    }

    private static int[] Flat(int[][] units) => [.. units.SelectMany(u => u)];
}
