using CsCheck;
using TrafficMigration.Solving;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class TechniqueSolverTests
{
    private static readonly VMLoad[] Published = [new(200, 400), new(300, 500)];

    private static readonly Gen<LinkPair> Links = Gen.Select(
        Gen.Long[0, 1000], Gen.Long[0, 1000], Gen.Long[1, 10], Gen.Long[1, 10], (a, b, c, d) => new LinkPair(a, b, c, d));

    // Few distinct values make ties; large ones make sums that only exact arithmetic gets right.
    private static readonly Gen<VMLoad> Load = Gen.Select(
        Gen.OneOf(Gen.Long[0, 5], Gen.Long[0, 100_000_000_000]),
        Gen.OneOf(Gen.Long[0, 5], Gen.Long[0, 100_000_000_000]),
        Gen.Int[0, 5],
        (tx, rx, pin) => new VMLoad(tx, rx, pin > 0));

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
        TechniqueChoice choice = TechniqueSolver.Solve(Published, new LinkPair(0, 0), TestContext.Current.CancellationToken);

        Assert.Equal([Technique.PostCopy, Technique.PreCopy], choice.Techniques);
        Assert.Equal((300, 400), (choice.SourceContention, choice.DestinationContention));
    }

    [Fact]
    public void Equals_full_enumeration_in_every_objective() =>
        Gen.Select(Load.Array[0, 12], Links).Sample(
            (vms, links) =>
            {
                TechniqueChoice choice = TechniqueSolver.Solve(vms, links);
                Assert.Equal(Enumeration.Best(vms, links), choice.Techniques);
                Assert.Equal(
                    Enumeration.Contention(vms, links, choice.Techniques), (choice.SourceContention, choice.DestinationContention));
            },
            iter: 3000);

    [Fact]
    public void A_VM_without_post_copy_is_never_post_copied() =>
        Gen.Select(Load.Array[1, 40], Links).Sample(
            (vms, links) =>
            {
                TechniqueChoice choice = TechniqueSolver.Solve(vms, links);
                Assert.All(vms.Zip(choice.Techniques), p => Assert.True(p.First.PostCopyAllowed || p.Second == Technique.PreCopy));
            },
            iter: 300);

    [Fact]
    public void Two_hundred_VMs_are_no_worse_than_either_uniform_choice() =>
        Gen.Select(Gen.Long[0, 1_000_000_000], Gen.Long[0, 1_000_000_000], (tx, rx) => new VMLoad(tx, rx)).Array[200].Sample(
            vms =>
            {
                TechniqueChoice choice = TechniqueSolver.Solve(vms, new LinkPair(0, 0));
                long worse = Math.Max(choice.SourceContention, choice.DestinationContention);
                Assert.InRange(worse, 0, Math.Min(vms.Sum(v => v.TxBitsPerSecond), vms.Sum(v => v.RxBitsPerSecond)));
            },
            iter: 5);

    [Fact]
    public void Cancelling_ends_the_search() =>
        Assert.Throws<OperationCanceledException>(
            () => TechniqueSolver.Solve(Published, new LinkPair(0, 0), new CancellationToken(canceled: true)));
}
