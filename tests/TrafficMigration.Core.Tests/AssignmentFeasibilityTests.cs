using CsCheck;
using TrafficMigration.Solving;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class AssignmentFeasibilityTests
{
    [Fact]
    public void Equals_full_enumeration() => Gen.OneOf(
        AssignmentGenerator.Problems(Gen.Int[0, 7], Gen.Const(1), Gen.Int[1, 2]),
        AssignmentGenerator.Problems(Gen.Int[0, 5], Gen.Const(1), Gen.Const(3))).Sample(
        problem =>
        {
            (Feasibility answer, IReadOnlyList<int>? destinations) = Decide(problem);
            Assert.Equal(AssignmentEnumeration.IsPossible(problem) ? Feasibility.Possible : Feasibility.Impossible, answer);
            Assert.Equal(answer == Feasibility.Possible, destinations is not null);
            if (destinations is not null)
            {
                Technique[] techniques = [.. problem.VMs.Select(v => v.PreCopyAllowed ? Technique.PreCopy : Technique.PostCopy)];
                Assert.True(AssignmentEnumeration.Obeys(problem, destinations, techniques));
            }
        },
        iter: 1500);

    [Fact]
    public void A_packing_that_leaves_no_byte_is_found()
    {
        // 4 x 30 = 120: only {15, 15}, {14, 9, 7}, {13, 12, 5}, {11, 10, 9} and the like.
        long[] sizes = [15, 15, 14, 13, 12, 11, 10, 9, 9, 7, 5];
        AssignmentProblem problem = Room(sizes, [30, 30, 30, 30]);

        (Feasibility answer, IReadOnlyList<int>? destinations) = Decide(problem);

        Assert.Equal(Feasibility.Possible, answer);
        Assert.True(AssignmentEnumeration.Obeys(problem, destinations!, [.. sizes.Select(_ => Technique.PreCopy)]));
    }

    [Fact]
    public void Room_in_total_that_no_packing_can_use_is_not_enough() =>
        Assert.Equal(Feasibility.Impossible, Decide(Room([6, 6, 6], [10, 10])).Answer);

    [Fact]
    public void More_VMs_apart_than_destinations_is_impossible_at_once()
    {
        AssignmentProblem problem = Room([.. Enumerable.Repeat(1L, 40)], [.. Enumerable.Repeat(100L, 20)]) with
        {
            Separate = [[.. Enumerable.Range(0, 21)]],
        };

        Assert.Equal(Feasibility.Impossible, Decide(problem).Answer);
    }

    [Fact]
    public void A_thousand_VMs_in_tight_room_are_placed()
    {
        var random = new Random(3);
        long[] sizes = [.. Enumerable.Range(0, 1000).Select(_ => 1L << random.Next(1, 6))];
        AssignmentProblem problem = Room(sizes, [.. Enumerable.Repeat(sizes.Sum() / 19, 20)]) with
        {
            Separate = [.. Enumerable.Range(0, 900).Chunk(9)],
            Together = [.. Enumerable.Range(900, 100).Chunk(2)],
        };

        (Feasibility answer, IReadOnlyList<int>? destinations) = Decide(problem);

        Assert.Equal(Feasibility.Possible, answer);
        Assert.True(AssignmentEnumeration.Obeys(problem, destinations!, [.. sizes.Select(_ => Technique.PreCopy)]));
    }

    [Fact]
    public void The_solver_finds_an_assignment_where_only_one_packing_exists()
    {
        AssignmentProblem problem = Room([15, 15, 14, 13, 12, 11, 10, 9, 9, 7, 5], [30, 30, 30, 30]);

        Assignment found = AssignmentSolver.Solve(problem, TestContext.Current.CancellationToken);

        Assert.True(AssignmentEnumeration.Obeys(problem, found.Destinations, found.Techniques));
    }

    private static AssignmentProblem Room(long[] sizes, long[] free) => new()
    {
        Sources = [new SourceLink(0)],
        Destinations = [.. free.Select(f => new DestinationHost(0, FreeMemoryBytes: f))],
        VMs = [.. sizes.Select((size, v) => new AssignmentVM(0, v, sizes.Length - v, size))],
    };

    private static (Feasibility Answer, IReadOnlyList<int>? Destinations) Decide(AssignmentProblem problem) =>
        AssignmentFeasibility.Decide(problem, TestContext.Current.CancellationToken);
}
