using CsCheck;
using TrafficMigration.Solving;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class AssignmentSolverTests
{
    private const long Gbps = 1_000_000_000;

    // Two options a destination: what enumeration can do.
    private static readonly Gen<AssignmentProblem> Small = Gen.OneOf(
        AssignmentGenerator.Problems(Gen.Int[0, 7], Gen.Int[1, 3], Gen.Const(1)),
        AssignmentGenerator.Problems(Gen.Int[0, 6], Gen.Int[1, 3], Gen.Const(2)),
        AssignmentGenerator.Problems(Gen.Int[0, 5], Gen.Int[1, 3], Gen.Const(3)));

    private static readonly Gen<AssignmentProblem> Medium =
        AssignmentGenerator.Problems(Gen.Int[10, 60], Gen.Int[1, 6], Gen.Int[1, 6]);

    [Fact]
    public void Equals_full_enumeration_in_every_objective() => Small.Sample(
        problem =>
        {
            (int[] Destinations, Technique[] Techniques)? best = AssignmentEnumeration.Best(problem);
            if (best is null)
            {
                Assert.True(Assert.Throws<NoAssignmentException>(() => Solve(problem)).IsProven);
                return;
            }

            Assignment found = Solve(problem);
            Assert.True(AssignmentEnumeration.Obeys(problem, found.Destinations, found.Techniques));
            Assert.Equal(
                AssignmentEnumeration.Vector(problem, best.Value.Destinations, best.Value.Techniques),
                AssignmentEnumeration.Vector(problem, found.Destinations, found.Techniques));
            Assert.Equal(best.Value.Techniques, found.Techniques);
            Assert.Equal(best.Value.Destinations, found.Destinations);
            Assert.True(found.IsExact);
        },
        iter: 500);

    [Fact]
    public void Few_VMs_are_proven_best_and_the_bound_says_so() => Gen.Int[1, 3].Select(Gen.Int[1, 3], Gen.Int[6, 12]).Sample(
        (sources, destinations, n) =>
        {
            var random = new Random(sources + 3 * destinations + 9 * n);
            var problem = new AssignmentProblem
            {
                Sources = [.. Enumerable.Range(0, sources).Select(_ => new SourceLink(random.NextInt64(2 * Gbps), 10 * Gbps))],
                Destinations = [.. Enumerable.Range(0, destinations).Select(_ => new DestinationHost(
                    random.NextInt64(3 * Gbps), random.NextInt64(3 * Gbps), 10 * Gbps))],
                VMs = [.. Enumerable.Range(0, n).Select(_ => new AssignmentVM(
                    random.Next(sources), random.NextInt64(Gbps), random.NextInt64(Gbps), random.Next(1, 9)))],
            };

            Assignment found = Solve(problem);

            Assert.True(found.IsExact);
            Assert.Equal(WorstLoad(problem, found), found.RelativeBound);
        },
        iter: 50);

    [Fact]
    public void With_a_tolerance_the_bound_is_that_of_the_least_worst_load() => Small.Sample(
        problem =>
        {
            if (TrySolve(problem with { PostCopy = problem.PostCopy with { TolerancePercent = 25 } }) is { } wished
                && TrySolve(problem with { PostCopy = problem.PostCopy with { TolerancePercent = 0 } }) is { } plain)
            {
                Assert.Equal(WorstLoad(problem, plain), wished.RelativeBound);
                Assert.InRange(PostCopies(wished), 0, PostCopies(plain));
            }
        },
        iter: 500);

    [Fact]
    public void Every_constraint_is_obeyed() => Medium.Sample(
        problem =>
        {
            if (TrySolve(problem) is { } found)
            {
                Assert.True(AssignmentEnumeration.Obeys(problem, found.Destinations, found.Techniques));
                Assert.InRange(found.RelativeBound, 0, WorstLoad(problem, found));
            }
        },
        iter: 60);

    [Fact]
    public void No_worse_than_one_technique_for_all() =>
        AssignmentGenerator.Problems(Gen.Int[10, 60], Gen.Int[1, 6], Gen.Int[1, 6], constrained: false).Sample(
            problem =>
            {
                Assignment found = Solve(problem);
                double worst = WorstLoad(problem, found);
                int leastBusy = Enumerable.Range(0, problem.Destinations.Count)
                    .MinBy(d => problem.Destinations[d].BackgroundRx / (double)problem.Destinations[d].Capacity);
                int[] together = [.. problem.VMs.Select(_ => leastBusy)];
                int[] inTurn = [.. problem.VMs.Select((_, v) => v % problem.Destinations.Count)];
                foreach (int[] destinations in new[] { together, inTurn, [.. found.Destinations] })
                {
                    foreach (Technique technique in new[] { Technique.PreCopy, Technique.PostCopy })
                    {
                        Technique[] techniques = [.. problem.VMs.Select(_ => technique)];
                        Assert.InRange(worst, 0, AssignmentEnumeration.Loads(problem, destinations, techniques).Max());
                    }
                }
            },
            iter: 20);

    [Fact]
    public void The_order_of_the_VMs_does_not_change_the_loads() => Gen.Select(Small, Gen.Int[0, 1000]).Sample(
        (problem, seed) =>
        {
            int[] order = [.. Enumerable.Range(0, problem.VMs.Count)];
            new Random(seed).Shuffle(order);
            AssignmentProblem shuffled = problem with
            {
                VMs = [.. order.Select(v => problem.VMs[v])],
                Separate = [.. problem.Separate.Select(g => g.Select(v => Array.IndexOf(order, v)).ToArray())],
                Together = [.. problem.Together.Select(g => g.Select(v => Array.IndexOf(order, v)).ToArray())],
            };
            Assignment? found = TrySolve(problem);
            Assignment? again = TrySolve(shuffled);
            Assert.Equal(found is null, again is null);
            if (found is not null)
            {
                Assert.Equal(
                    AssignmentEnumeration.Vector(problem, found.Destinations, found.Techniques),
                    AssignmentEnumeration.Vector(shuffled, again!.Destinations, again.Techniques));
            }
        },
        iter: 250);

    [Fact]
    public void Taking_a_constraint_away_never_raises_the_worst_load() => Small.Sample(
        problem =>
        {
            problem = problem with { PostCopy = problem.PostCopy with { TolerancePercent = 0 } };
            if (TrySolve(problem) is not { } found)
            {
                return;
            }

            AssignmentProblem[] relaxed =
            [
                problem with { Separate = [] },
                problem with { Together = [] },
                problem with { PostCopy = default },
                problem with { VMs = [.. problem.VMs.Select(v => v with { AllowedDestinations = null })] },
                problem with { VMs = [.. problem.VMs.Select(v => v with { PreCopyAllowed = true, PostCopyAllowed = true })] },
                problem with { Destinations = [.. problem.Destinations.Select(d => d with { FreeMemoryBytes = null, FreeVCpus = null })] },
                problem with { Destinations = [.. problem.Destinations.Select(d => d with { PostCopyAllowed = true })] },
            ];
            Assert.All(relaxed, r => Assert.InRange(WorstLoad(r, Solve(r)), 0, WorstLoad(problem, found)));
        },
        iter: 250);

    [Fact]
    public void The_same_problem_has_the_same_answer() => Medium.Sample(
        problem =>
        {
            Assignment? found = TrySolve(problem);
            Assignment? again = TrySolve(problem);
            Assert.Equal(found?.Destinations, again?.Destinations);
            Assert.Equal(found?.Techniques, again?.Techniques);
            Assert.Equal(found?.RelativeBound, again?.RelativeBound);
        },
        iter: 15);

    [Fact]
    public void The_published_example_is_solved_as_published()
    {
        Assignment found = Solve(new AssignmentProblem
        {
            Sources = [new SourceLink(0)],
            Destinations = [new DestinationHost(0)],
            VMs = [new AssignmentVM(0, 200, 400), new AssignmentVM(0, 300, 500)],
        });

        Assert.Equal([Technique.PostCopy, Technique.PreCopy], found.Techniques);
        Assert.Equal(400, found.RelativeBound);
    }

    [Fact]
    public void A_busy_destination_does_not_matter_while_nothing_goes_there()
    {
        Assignment found = Solve(new AssignmentProblem
        {
            Sources = [new SourceLink(10)],
            Destinations = [new DestinationHost(900), new DestinationHost(20)],
            VMs = [new AssignmentVM(0, 5, 50), new AssignmentVM(0, 50, 5)],
        });

        Assert.Equal([1, 1], found.Destinations);
        Assert.Equal([Technique.PreCopy, Technique.PostCopy], found.Techniques);
        Assert.Equal(25, found.RelativeBound);
    }

    [Fact]
    public void Idle_VMs_are_spread_by_memory()
    {
        Assignment found = Solve(new AssignmentProblem
        {
            Sources = [new SourceLink(0)],
            Destinations = [new DestinationHost(0), new DestinationHost(0)],
            VMs = [.. new long[] { 7, 6, 5, 4 }.Select(m => new AssignmentVM(0, 0, 0, m))],
        });

        Assert.Equal([0, 1, 1, 0], found.Destinations);
    }

    [Fact]
    public void A_thousand_VMs_of_fifty_hosts_come_within_one_per_cent_of_the_bound()
    {
        var random = new Random(1);
        var problem = new AssignmentProblem
        {
            Sources = [.. Enumerable.Range(0, 50).Select(_ => new SourceLink(random.NextInt64(2 * Gbps), 10 * Gbps))],
            Destinations = [.. Enumerable.Range(0, 20).Select(_ => new DestinationHost(
                random.NextInt64(3 * Gbps), random.NextInt64(3 * Gbps), 10 * Gbps, FreeMemoryBytes: 320))],
            VMs = [.. Enumerable.Range(0, 1000).Select(i => new AssignmentVM(
                i % 50, random.NextInt64(Gbps), random.NextInt64(Gbps), random.Next(1, 10)))],
        };

        Assignment found = Solve(problem);

        Assert.True(AssignmentEnumeration.Obeys(problem, found.Destinations, found.Techniques));
        Assert.InRange(WorstLoad(problem, found), found.RelativeBound, found.RelativeBound * 1.01);
    }

    [Fact]
    public void Cancelling_ends_the_search() => Assert.Throws<OperationCanceledException>(() => AssignmentSolver.Solve(
        new AssignmentProblem
        {
            Sources = [new SourceLink(0)],
            Destinations = [new DestinationHost(0)],
            VMs = [new AssignmentVM(0, 1, 1)],
        },
        new CancellationToken(canceled: true)));

    private static Assignment Solve(AssignmentProblem problem) => AssignmentSolver.Solve(problem, TestContext.Current.CancellationToken);

    private static Assignment? TrySolve(AssignmentProblem problem)
    {
        try
        {
            return Solve(problem);
        }
        catch (NoAssignmentException)
        {
            return null;
        }
    }

    private static double WorstLoad(AssignmentProblem problem, Assignment found) =>
        AssignmentEnumeration.Loads(problem, found.Destinations, found.Techniques).Max();

    private static int PostCopies(Assignment found) => found.Techniques.Count(t => t == Technique.PostCopy);
}
