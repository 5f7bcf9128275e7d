using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

public class ReturnHomeTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Brings_home_what_was_moved_and_lets_stay_what_was_not()
    {
        MigrationRunRecord run = Run(0, Move("vm1", "a", "b"), Move("vm2", "a", "b", MigrationOutcome.Failed), Move("vm3", "a", "c", MigrationOutcome.AlreadyThere));

        IReadOnlyList<MovedVM> moved = ReturnHome.FollowRuns([run]);
        ReturnHome way = ReturnHome.Find(moved, [Host("a", "vm2"), Host("b", "vm1", "other"), Host("c", "vm3")]);

        Assert.Equal([("vm1", "a", "b"), ("vm3", "a", "c")], moved.Select(m => (m.VMName, m.Home, m.Current)));
        Assert.Equal([("b", "vm1", "a"), ("c", "vm3", "a")], way.Homes.Select(h => (h.Key.HostName, h.Key.VMName, h.Value)).Order());
        Assert.Equal([new VMRef("b", "other")], way.Stays);
        Assert.Equal(["other", "vm1", "vm3"], way.Rates.Select(r => r.VMName).Order());
        Assert.Empty(way.Missing);
    }

    [Fact]
    public void Home_is_where_the_first_run_began()
    {
        // Moved on, and the plan of that run again: the second time it was there already.
        MigrationRunRecord[] runs = [Run(2, Move("vm1", "b", "c", MigrationOutcome.AlreadyThere)), Run(1, Move("vm1", "b", "c")), Run(0, Move("vm1", "a", "b"))];

        Assert.Equal([new MovedVM("vm1", null, "a", "c")], ReturnHome.FollowRuns(runs));
        Assert.Empty(ReturnHome.FollowRuns([.. runs, Run(3, Move("vm1", "c", "a"))]));
    }

    [Fact]
    public void Two_VMs_of_one_name_have_each_their_own_home()
    {
        MigrationRunRecord run = Run(0, Move("vm", "a", "c"), Move("vm", "b", "d"));

        ReturnHome way = ReturnHome.Find(ReturnHome.FollowRuns([run]), [Host("a"), Host("b"), Host("c", "vm"), Host("d", "vm")]);

        Assert.Equal("a", way.Homes[new VMRef("c", "vm")]);
        Assert.Equal("b", way.Homes[new VMRef("d", "vm")]);
    }

    [Fact]
    public void A_VM_is_known_by_its_identifier_where_there_is_one()
    {
        MigrationRunRecord run = Run(0, Move("vm1", "a", "b", id: "11111111-1111-4111-8111-111111111111"));
        HostMeasurement impostor = Host("b", "vm1");
        impostor = impostor with { VirtualMachines = [impostor.VirtualMachines[0] with { VMId = "22222222-2222-4222-8222-222222222222" }] };

        ReturnHome way = ReturnHome.Find(ReturnHome.FollowRuns([run]), [Host("a"), impostor]);

        Assert.Empty(way.Homes);
        Assert.Equal("vm1", Assert.Single(way.Missing).VMName);
    }

    [Fact]
    public void Says_who_is_home_already_and_who_is_nowhere()
    {
        MigrationRunRecord run = Run(0, Move("home", "a", "b"), Move("gone", "a", "b"), Move("unseen", "a", "c"));

        ReturnHome way = ReturnHome.Find(ReturnHome.FollowRuns([run]), [Host("a", "home"), Host("b", "other")]);

        Assert.Equal("home", Assert.Single(way.AlreadyHome).VMName);
        Assert.Equal("gone", Assert.Single(way.Missing).VMName);
        // Nobody leaves b, so none of its VMs is in the plan; of c, which was not measured, nothing is said.
        Assert.Empty(way.Rates);
        Assert.Empty(way.Homes);
    }

    [Theory]
    [InlineData(MigrationRunState.Running, "Wait for its end")]
    [InlineData(MigrationRunState.Interrupted, "Resume-TrafficSensitiveMigration -Id")]
    public void A_run_that_has_not_ended_settles_nothing(MigrationRunState state, string remedy)
    {
        MigrationRunRecord run = Run(0, Move("vm1", "a", "b")) with { State = state };

        MigrationException e = Assert.Throws<MigrationException>(() => ReturnHome.FollowRuns([run]));

        Assert.Equal("RunNotEnded", e.ErrorId);
        Assert.Contains(remedy, e.Message, StringComparison.Ordinal);
    }

    private static MigrationRunRecord Run(int hour, params VMMigrationRecord[] vms) => new()
    {
        Id = $"run{hour}",
        State = MigrationRunState.Ended,
        StartTime = Start.AddHours(hour),
        LastTime = Start.AddHours(hour),
        Owner = "root@control",
        Options = new RunOptions(),
        VirtualMachines = vms,
        Events = [],
    };

    private static VMMigrationRecord Move(
        string vm, string source, string destination, MigrationOutcome outcome = MigrationOutcome.Completed, string? id = null)
    {
        VMMigrationPlan plan = new JournalPlan { VMName = vm, VMId = id, Source = source, Destination = destination, Technique = Technique.PreCopy }.ToPlan(1);
        return new VMMigrationRecord
        {
            Plan = plan,
            State = MigrationState.Done,
            Result = new VMMigrationResult { RunId = "run", VMName = vm, Source = source, Destination = destination, Technique = Technique.PreCopy, Outcome = outcome },
        };
    }

    private static HostMeasurement Host(string name, params string[] vms) => new(
        new HostTraffic { HostName = name },
        [.. vms.Select(vm => new VMTrafficRate { HostName = name, VMName = vm, TxBitsPerSecond = 1, RxBitsPerSecond = 2 })],
        HasUnknownLocalTraffic: false);
}
