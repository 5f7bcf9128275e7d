namespace TrafficMigration.Planning;

/// <summary>How the migrations of a plan follow each other.</summary>
public enum MigrationSchedule
{
    /// <summary>As many at once as the limits let, in the order that is predicted to end first; gangs are kept together where that costs next to nothing.</summary>
    Auto,

    /// <summary>One after another, by name.</summary>
    Serial,

    /// <summary>As many at once as the limits let, by name; the next ones start when all of these have ended.</summary>
    Waves,

    /// <summary>Gang after gang: VMs that talk to each other move together, the next gang starts when all of one have ended; VMs of no gang come last.</summary>
    Gangs,

    /// <summary>All at once.</summary>
    Parallel,
}
