using CsCheck;
using TrafficMigration.Solving;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class ConflictFinderTests
{
    // Wishes conflict where one of these sets is among them: that is what every monotone question looks like.
    private static readonly Gen<int[][]> Conflicts = Gen.Int[0, 7].Array[1, 5].Select(set => set.Distinct().Order().ToArray()).Array[0, 4];

    [Fact]
    public void Finds_a_set_of_the_smallest_size() => Conflicts.Sample(
        conflicts =>
        {
            IReadOnlyList<int>? found = ConflictFinder.Smallest(
                8, wishes => !conflicts.Any(c => c.All(wishes.Contains)), TestContext.Current.CancellationToken);

            if (conflicts.Length == 0)
            {
                Assert.Null(found);
                return;
            }

            Assert.Contains(conflicts, c => c.SequenceEqual(found!));
            int smallest = conflicts.Min(c => c.Length);
            Assert.True(found!.Count == smallest || (smallest > 3 && found.Count > 3));
        },
        iter: 2000);

    [Fact]
    public void A_large_conflict_is_one_from_which_no_wish_can_be_left_out()
    {
        bool Feasible(IReadOnlyList<int> wishes) => wishes.Count(w => w % 3 == 0) < 6;

        IReadOnlyList<int> found = ConflictFinder.Smallest(40, Feasible, TestContext.Current.CancellationToken)!;

        Assert.Equal(6, found.Count);
        Assert.All(found, w => Assert.Equal(0, w % 3));
    }

    [Fact]
    public void Many_wishes_do_not_mean_endless_questions()
    {
        int questions = 0;
        bool Feasible(IReadOnlyList<int> wishes)
        {
            questions++;
            return !new[] { 10, 100, 200, 299 }.All(wishes.Contains);
        }

        Assert.Equal([10, 100, 200, 299], ConflictFinder.Smallest(300, Feasible, TestContext.Current.CancellationToken)!);
        Assert.InRange(questions, 300, 6000);
    }

    [Fact]
    public void Without_room_the_set_is_empty() =>
        Assert.Empty(ConflictFinder.Smallest(3, _ => false, TestContext.Current.CancellationToken)!);

    [Fact]
    public void Names_the_wishes_of_an_assignment_that_cannot_be()
    {
        // Three VMs want to be apart; two of them are pinned to one destination. The fourth one's pin does no harm.
        var hosts = new[] { new DestinationHost(0), new DestinationHost(0), new DestinationHost(0) };
        AssignmentProblem With(IReadOnlyList<int> wishes) => new()
        {
            Sources = [new SourceLink(0)],
            Destinations = hosts,
            VMs = [.. Enumerable.Range(0, 4).Select(v => new AssignmentVM(0, 1, 1, AllowedDestinations: v != 1 && wishes.Contains(v) ? [0] : null))],
            Separate = wishes.Contains(4) ? [[0, 1, 2]] : [],
        };

        IReadOnlyList<int>? found = ConflictFinder.Smallest(
            5,
            wishes => AssignmentFeasibility.Decide(With(wishes), TestContext.Current.CancellationToken).Answer != Feasibility.Impossible,
            TestContext.Current.CancellationToken);

        Assert.Equal([0, 2, 4], found!);
    }
}
