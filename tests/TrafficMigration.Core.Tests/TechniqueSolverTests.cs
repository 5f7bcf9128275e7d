using CsCheck;
using TrafficMigration.Solving;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class TechniqueSolverTests
{
    private static readonly VMLoad[] Published = [new(200, 400), new(300, 500)];

    [Theory]
    [InlineData(Technique.PreCopy, Technique.PreCopy, 500, 0)]
    [InlineData(Technique.PostCopy, Technique.PreCopy, 300, 400)]
    [InlineData(Technique.PreCopy, Technique.PostCopy, 200, 500)]
    [InlineData(Technique.PostCopy, Technique.PostCopy, 0, 900)]
    public void The_four_rows_of_the_published_example(Technique vm1, Technique vm2, long source, long destination) =>
        Assert.Equal((source, destination), Enumeration.Contention(Published, new LinkPair(0, 0), [vm1, vm2]));

    [Fact]
    public void The_published_example_is_solved_as_published()
    {
        TechniqueChoice choice = TechniqueSolver.Solve(Published, new LinkPair(0, 0), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal([Technique.PostCopy, Technique.PreCopy], choice.Techniques);
        Assert.Equal((300, 400), (choice.SourceContention, choice.DestinationContention));
    }

    [Fact]
    public void Equals_full_enumeration_in_every_objective() =>
        Gen.Select(LoadFamilies.Pinned(14), LoadFamilies.Links).Sample(
            (vms, links) =>
            {
                TechniqueChoice choice = TechniqueSolver.Solve(vms, links);
                Assert.Equal(Enumeration.Best(vms, links).Techniques, choice.Techniques);
                Assert.Equal(
                    Enumeration.Contention(vms, links, choice.Techniques), (choice.SourceContention, choice.DestinationContention));
                Assert.True(choice.IsExact);
                Assert.Equal(Relative(choice, links), choice.RelativeBound);
            },
            iter: 4000);

    [Fact]
    public void A_wish_equals_full_enumeration_in_every_objective() =>
        LoadFamilies.Pinned(14).SelectMany(vms => Gen.Select(Gen.Const(vms), LoadFamilies.Links, LoadFamilies.Wish(vms))).Sample(
            (vms, links, wish) =>
            {
                (Technique[] techniques, Int128 leastWorst) = Enumeration.Best(vms, links, wish);
                TechniqueChoice choice = TechniqueSolver.Solve(vms, links, wish);
                Assert.Equal(techniques, choice.Techniques);
                Assert.True(choice.IsExact);
                double least = (double)leastWorst / links.SourceCapacity / links.DestinationCapacity;
                Assert.InRange(choice.RelativeBound, least * (1 - 1e-14), least * (1 + 1e-14));
            },
            iter: 4000);

    [Fact]
    public void A_closer_look_in_every_round_changes_nothing() =>
        LoadFamilies.Pinned(12).SelectMany(vms => Gen.Select(Gen.Const(vms), LoadFamilies.Links, LoadFamilies.Wish(vms))).Sample(
            (vms, links, wish) =>
            {
                var budget = new SearchBudget(FirstCloserLook: 0);
                TechniqueChoice choice = TechniqueSolver.Solve(vms, links, wish, budget, CancellationToken.None);
                Assert.Equal(Enumeration.Best(vms, links, wish).Techniques, choice.Techniques);
                Assert.True(choice.IsExact);
            },
            iter: 1500);

    [Fact]
    public void Whatever_the_budget_limits_are_kept_and_what_is_said_to_be_proven_is_true() =>
        LoadFamilies.Pinned(12).SelectMany(vms => Gen.Select(Gen.Const(vms), LoadFamilies.Links, LoadFamilies.Wish(vms), Gen.Long[0, 300], Gen.Long[0, 300])).Sample(
            (vms, links, wish, work, look) =>
            {
                (Technique[] techniques, Int128 leastWorst) = Enumeration.Best(vms, links, wish);
                TechniqueChoice choice = TechniqueSolver.Solve(vms, links, wish, new SearchBudget(work, look), CancellationToken.None);
                double least = (double)leastWorst / links.SourceCapacity / links.DestinationCapacity;
                Assert.InRange(choice.RelativeBound, 0, least * (1 + 1e-15));
                Assert.InRange(choice.Techniques.Count(t => t == Technique.PostCopy), 0, wish.MaxPostCopy ?? vms.Length);
                Assert.All(vms.Zip(choice.Techniques), p => Assert.True(
                    p.Second == Technique.PreCopy ? p.First.PreCopyAllowed : p.First.PostCopyAllowed));
                Assert.Equal(
                    Enumeration.Contention(vms, links, choice.Techniques), (choice.SourceContention, choice.DestinationContention));
                if (choice.IsExact)
                {
                    Assert.Equal(techniques, choice.Techniques);
                }
            },
            iter: 1500);

    [Fact]
    public void A_limit_below_the_VMs_that_cannot_be_pre_copied_is_refused()
    {
        VMLoad[] vms = [new(1, 1, PreCopyAllowed: false), new(1, 1, PreCopyAllowed: false)];
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => TechniqueSolver.Solve(vms, new LinkPair(0, 0), new PostCopyWish(1), TestContext.Current.CancellationToken));
        Assert.Equal("wish", e.ParamName);
    }

    [Fact]
    public void A_VM_with_neither_technique_is_refused()
    {
        VMLoad[] vms = [new(1, 1, PostCopyAllowed: false, PreCopyAllowed: false)];
        Assert.Throws<ArgumentException>(
            () => TechniqueSolver.Solve(vms, new LinkPair(0, 0), cancellationToken: TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(-1, 0, 1, 0)]
    [InlineData(0, -1, 1, 0)]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0, 0, 1, -1)]
    [InlineData(0, 0, 1, double.NaN)]
    [InlineData(2_000_000_000_000_000, 0, 1, 0)]
    public void Figures_out_of_range_are_refused(long rate, long background, long capacity, double tolerance) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TechniqueSolver.Solve(
            [new VMLoad(rate, 1)], new LinkPair(background, 0, capacity), new PostCopyWish(null, tolerance), TestContext.Current.CancellationToken));

    [Fact]
    public void Cancelling_ends_the_search() =>
        Assert.Throws<OperationCanceledException>(
            () => TechniqueSolver.Solve(Published, new LinkPair(0, 0), cancellationToken: new CancellationToken(canceled: true)));

    private static double Relative(TechniqueChoice choice, LinkPair links) => Math.Max(
        (double)choice.SourceContention / links.SourceCapacity, (double)choice.DestinationContention / links.DestinationCapacity);
}
