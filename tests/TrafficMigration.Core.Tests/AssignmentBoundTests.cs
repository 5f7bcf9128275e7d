using CsCheck;
using Google.OrTools.Sat;
using TrafficMigration.Solving;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class AssignmentBoundTests
{
    private static readonly Gen<AssignmentProblem> Small = Gen.OneOf(
        AssignmentGenerator.Problems(Gen.Int[1, 6], Gen.Int[1, 3], Gen.Int[1, 2]),
        AssignmentGenerator.Problems(Gen.Int[1, 4], Gen.Int[1, 3], Gen.Const(3)));

    [Fact]
    public void Neither_bound_is_above_the_optimum() => Small.Sample(
        problem =>
        {
            problem = problem with { PostCopy = problem.PostCopy with { TolerancePercent = 0 } };
            if (AssignmentEnumeration.Best(problem) is not { } best)
            {
                return;
            }

            double least = AssignmentEnumeration.Loads(problem, best.Destinations, best.Techniques).Max();
            var model = new AssignmentModel(problem);
            var bound = new AssignmentBound(model, TestContext.Current.CancellationToken);
            Assert.InRange(bound.Value, bound.Relaxed, least);
            Assert.InRange(LagrangianBound.Raise(model, bound, least * 3 + 10, TestContext.Current.CancellationToken), bound.Value, least);
        },
        iter: 750);

    [Fact]
    public void The_pool_bound_is_met_where_there_is_one_destination_and_nothing_else() =>
        AssignmentGenerator.Problems(Gen.Int[1, 8], Gen.Int[1, 3], Gen.Const(1), constrained: false).Sample(
            problem =>
            {
                (int[] destinations, Technique[] techniques) = AssignmentEnumeration.Best(problem)!.Value;
                var bound = new AssignmentBound(new AssignmentModel(problem), TestContext.Current.CancellationToken);
                Assert.Equal(AssignmentEnumeration.Loads(problem, destinations, techniques).Max(), bound.Value);
            },
            iter: 250);

    [Fact]
    public void The_weighted_bound_sees_that_some_VMs_have_nowhere_else_to_go()
    {
        // In the pool there is room elsewhere, as a fifth VM could be post-copied to any of the destinations.
        var problem = new AssignmentProblem
        {
            Sources = [new SourceLink(0)],
            Destinations = [.. Enumerable.Range(0, 4).Select(_ => new DestinationHost(0))],
            VMs =
            [
                .. Enumerable.Range(0, 4).Select(_ => new AssignmentVM(0, 100, 100, PreCopyAllowed: false, AllowedDestinations: [0])),
                new AssignmentVM(0, 10, 1000),
            ],
        };
        var model = new AssignmentModel(problem);

        var pooled = new AssignmentBound(model, TestContext.Current.CancellationToken);
        double weighted = LagrangianBound.Raise(model, pooled, 1000, TestContext.Current.CancellationToken);

        Assert.Equal(100, pooled.Value);
        Assert.InRange(weighted, 390, 400);
    }

    [Fact]
    public void A_sources_least_Rx_equals_enumeration_and_is_not_below_its_relaxation() =>
        Gen.Select(AssignmentGenerator.Problems(Gen.Int[1, 10], Gen.Const(1), Gen.Const(1)), Gen.Double[0, 1]).Sample(
            (problem, share) =>
            {
                var model = new AssignmentModel(problem);
                if (model.IsContradictory)
                {
                    return;
                }

                var frontier = new SourceFrontier(model, 0, Enumerable.Range(0, model.VMs), model.Background[0]);
                long limit = model.Background[0] + (long)(model.Tx.Sum() * share);
                var choices = Enumerable.Range(0, 1 << model.VMs)
                    .Where(bits => Enumerable.Range(0, model.VMs).All(v => (bits >> v & 1) == 1 ? model.CanPostCopy[v] : model.CanPreCopy[v]))
                    .Where(bits => model.Background[0] + Enumerable.Range(0, model.VMs).Where(v => (bits >> v & 1) == 0).Sum(v => model.Tx[v]) <= limit)
                    .ToList();
                long? least = choices.Count == 0 ? null
                    : choices.Min(bits => Enumerable.Range(0, model.VMs).Where(v => (bits >> v & 1) == 1).Sum(v => model.Rx[v]));
                int? fewest = choices.Count == 0 ? null : choices.Min(bits => int.PopCount(bits));

                long? relaxed = frontier.LeastRxRelaxed(limit);
                frontier.Build(limit, limit + limit / 10, 10_000);

                Assert.True(frontier.IsExact);
                Assert.Equal(least, frontier.LeastRx(limit));
                Assert.Equal(least is null, relaxed is null);
                Assert.False(relaxed > least);
                Assert.Equal(fewest, frontier.LeastPostCopies(limit));
                if (least is not null)
                {
                    Assert.Equal(least, frontier.PostCopied(limit).Sum(v => model.Rx[v]));
                }
            },
            iter: 2000);

    [Fact]
    public void Poured_levels_are_no_higher_than_any_way_to_deal_out_the_parts() =>
        Gen.Select(
            Gen.Select(Gen.Int[0, 8], Gen.Int[1, 3]).Array[1, 4], Gen.Int[0, 5].Array[0, 5], Gen.Int[0, 1_000_000]).Sample(
            (vessels, parts, seed) =>
            {
                double[] capacities = [.. vessels.Select(v => (double)v.Item2)];
                double[] before = [.. vessels.Select(v => v.Item1 / (double)v.Item2)];
                double[] whole = [.. vessels.Select(v => (double)v.Item1)];
                var random = new Random(seed);
                double[] dealt = [.. vessels.Select(v => (double)v.Item1)];
                double[] steps = [.. whole];
                foreach (int part in parts)
                {
                    dealt[random.Next(vessels.Length)] += part;
                    int vessel = random.Next(vessels.Length);
                    steps[vessel] = Math.Ceiling((steps[vessel] * capacities[vessel] + part) / capacities[vessel]);
                }

                double level = WaterFill.Level(before, capacities, parts.Sum());
                double[] poured = [.. before.Select(b => Math.Max(b, level)).OrderDescending()];
                double[] final = [.. dealt.Zip(capacities, (load, capacity) => load / capacity).OrderDescending()];
                Assert.True(poured.AsSpan().SequenceCompareTo(final) <= 0);

                double[] raised = [.. whole];
                WaterFill.RaiseInSteps(raised, capacities, whole.Zip(capacities, (w, c) => w * c).Sum() + parts.Sum());
                Assert.True(raised.OrderDescending().ToArray().AsSpan().SequenceCompareTo(steps.OrderDescending().ToArray()) <= 0);
            },
            iter: 5000);

    [Fact]
    public void CP_SAT_finds_its_optimum_between_our_bound_and_our_worst_load_which_is_close() => Assert.All(
        Enumerable.Range(0, 8),
        seed =>
        {
            // Loads of three digits: a few VMs a link, and every bit/s matters.
            var random = new Random(seed);
            (int n, int s, int d, bool constrained) = (random.Next(12, 25), random.Next(1, 5), random.Next(2, 4), seed % 2 == 1);
            var problem = new AssignmentProblem
            {
                Sources = [.. Enumerable.Range(0, s).Select(_ => new SourceLink(random.Next(1000)))],
                Destinations = [.. Enumerable.Range(0, d).Select(_ => new DestinationHost(
                    random.Next(1500), FreeMemoryBytes: constrained ? n * 7 / d : null))],
                VMs = [.. Enumerable.Range(0, n).Select(v => new AssignmentVM(
                    v % s, random.Next(1000), random.Next(1000), random.Next(1, 10), PostCopyAllowed: !constrained || random.Next(6) > 0,
                    AllowedDestinations: constrained && random.Next(4) == 0 ? [random.Next(d)] : null))],
            };
            Assignment found = AssignmentSolver.Solve(problem, TestContext.Current.CancellationToken);
            double worst = AssignmentEnumeration.Loads(problem, found.Destinations, found.Techniques).Max();
            long optimum = CpSatOptimum(problem);

            Assert.InRange(optimum, found.RelativeBound, worst);
            Assert.InRange(worst, optimum, optimum * 1.01);
        });

    /// <summary>The least worst load where all capacities are 1.</summary>
    private static long CpSatOptimum(AssignmentProblem problem)
    {
        var model = new CpModel();
        int hosts = problem.Destinations.Count;
        BoolVar[][] chosen = [.. problem.VMs.Select(_ => Enumerable.Range(0, 2 * hosts).Select(_ => model.NewBoolVar("")).ToArray())];
        IntVar worst = model.NewIntVar(0, 1_000_000, "worst");
        for (int v = 0; v < problem.VMs.Count; v++)
        {
            model.AddExactlyOne(chosen[v]);
            for (int option = 0; option < 2 * hosts; option++)
            {
                if (problem.VMs[v].AllowedDestinations?.Contains(option % hosts) == false || (option >= hosts && !problem.VMs[v].PostCopyAllowed))
                {
                    model.Add(chosen[v][option] == 0);
                }
            }
        }

        for (int s = 0; s < problem.Sources.Count; s++)
        {
            model.Add(problem.Sources[s].Background + LinearExpr.Sum(problem.VMs.Select((vm, v) => (vm, v)).Where(x => x.vm.Source == s)
                .Select(x => LinearExpr.Sum(chosen[x.v].Take(hosts)) * x.vm.TxBitsPerSecond)) <= worst);
        }

        for (int d = 0; d < hosts; d++)
        {
            BoolVar used = model.NewBoolVar("");
            model.Add(used * problem.Destinations[d].BackgroundRx
                + LinearExpr.Sum(problem.VMs.Select((vm, v) => chosen[v][hosts + d] * vm.RxBitsPerSecond)) <= worst);
            foreach (BoolVar[] options in chosen)
            {
                model.AddImplication(options[d], used);
                model.AddImplication(options[hosts + d], used);
            }

            if (problem.Destinations[d].FreeMemoryBytes is { } memory)
            {
                model.Add(LinearExpr.Sum(problem.VMs.Select((vm, v) => (chosen[v][d] + chosen[v][hosts + d]) * vm.MemoryBytes)) <= memory);
            }
        }

        model.Minimize(worst);
        using var solver = new CpSolver { StringParameters = "num_workers:1" };
        CpSolverStatus status = solver.Solve(model);
        Assert.Equal(CpSolverStatus.Optimal, status);
        return (long)Math.Round(solver.ObjectiveValue);
    }
}
