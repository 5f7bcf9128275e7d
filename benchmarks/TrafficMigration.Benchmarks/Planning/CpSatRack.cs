using System.Globalization;
using Google.OrTools.Sat;
using TrafficMigration.Solving;

namespace TrafficMigration.Benchmarks.Planning;

/// <summary>The same problem for CP-SAT, with the least worst relative load as its only objective.</summary>
internal static class CpSatRack
{
    // Relative loads in parts of a million; loads in kbit/s keep the sums within 64 bits.
    private const long Scale = 1_000_000;
    private const long Kilo = 1000;

    /// <summary>Solves and describes what came out.</summary>
    public static string Solve(AssignmentProblem problem, double seconds)
    {
        CpModel model = Build(problem);
        using var solver = new CpSolver
        {
            StringParameters = string.Create(CultureInfo.InvariantCulture, $"max_time_in_seconds:{seconds},num_workers:1"),
        };
        CpSolverStatus status = solver.Solve(model);
        return status is CpSolverStatus.Optimal or CpSolverStatus.Feasible
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{"CP-SAT",-22} {solver.WallTime() * 1000,6:0}        {solver.ObjectiveValue * 100 / Scale,9:0.000} {solver.BestObjectiveBound * 100 / Scale,9:0.000} {(solver.ObjectiveValue / solver.BestObjectiveBound - 1) * 100,7:0.000}       {status}")
            : string.Create(CultureInfo.InvariantCulture, $"{"CP-SAT",-22} {solver.WallTime() * 1000,6:0} {status}");
    }

    private static CpModel Build(AssignmentProblem problem)
    {
        var model = new CpModel();
        int hosts = problem.Destinations.Count;
        // One literal a VM, technique and destination that go together; the first half is pre-copy.
        BoolVar[][] chosen = [.. problem.VMs.Select(_ => Enumerable.Range(0, 2 * hosts).Select(_ => model.NewBoolVar("")).ToArray())];
        for (int v = 0; v < problem.VMs.Count; v++)
        {
            AssignmentVM vm = problem.VMs[v];
            model.AddExactlyOne(chosen[v]);
            for (int d = 0; d < hosts; d++)
            {
                bool isAllowed = vm.AllowedDestinations?.Contains(d) != false;
                if (!isAllowed || !vm.PreCopyAllowed)
                {
                    model.Add(chosen[v][d] == 0);
                }

                if (!isAllowed || !vm.PostCopyAllowed || !problem.Destinations[d].PostCopyAllowed)
                {
                    model.Add(chosen[v][hosts + d] == 0);
                }
            }
        }

        AddLoads(model, problem, chosen);
        AddRoomAndGroups(model, problem, chosen);
        return model;
    }

    private static void AddLoads(CpModel model, AssignmentProblem problem, BoolVar[][] chosen)
    {
        int hosts = problem.Destinations.Count;
        IntVar worst = model.NewIntVar(0, 1000 * Scale, "worst");
        for (int s = 0; s < problem.Sources.Count; s++)
        {
            var load = new List<LinearExpr> { LinearExpr.Constant(problem.Sources[s].Background / Kilo) };
            for (int v = 0; v < problem.VMs.Count; v++)
            {
                if (problem.VMs[v].Source == s)
                {
                    load.Add(LinearExpr.Sum(chosen[v].Take(hosts)) * (problem.VMs[v].TxBitsPerSecond / Kilo));
                }
            }

            model.Add(LinearExpr.Sum(load) * Scale <= worst * (problem.Sources[s].Capacity / Kilo));
        }

        for (int d = 0; d < hosts; d++)
        {
            BoolVar used = model.NewBoolVar("");
            var load = new List<LinearExpr> { used * (problem.Destinations[d].BackgroundRx / Kilo) };
            for (int v = 0; v < problem.VMs.Count; v++)
            {
                load.Add(chosen[v][hosts + d] * (problem.VMs[v].RxBitsPerSecond / Kilo));
                model.AddImplication(chosen[v][d], used);
                model.AddImplication(chosen[v][hosts + d], used);
            }

            model.Add(LinearExpr.Sum(load) * Scale <= worst * (problem.Destinations[d].Capacity / Kilo));
        }

        if (problem.PostCopy.MaxPostCopy is { } max)
        {
            model.Add(LinearExpr.Sum(chosen.SelectMany(c => c.Skip(hosts))) <= max);
        }

        model.Minimize(worst);
    }

    private static void AddRoomAndGroups(CpModel model, AssignmentProblem problem, BoolVar[][] chosen)
    {
        int hosts = problem.Destinations.Count;
        LinearExpr Goes(int v, int d) => chosen[v][d] + chosen[v][hosts + d];
        for (int d = 0; d < hosts; d++)
        {
            IEnumerable<int> vms = Enumerable.Range(0, problem.VMs.Count);
            if (problem.Destinations[d].FreeMemoryBytes is { } memory)
            {
                model.Add(LinearExpr.Sum(vms.Select(v => Goes(v, d) * (problem.VMs[v].MemoryBytes >> 20))) <= memory >> 20);
            }

            if (problem.Destinations[d].FreeVCpus is { } vCpus)
            {
                model.Add(LinearExpr.Sum(vms.Select(v => Goes(v, d) * problem.VMs[v].VCpus)) <= vCpus);
            }

            foreach (int[] group in problem.Separate)
            {
                model.AddAtMostOne(group.SelectMany(v => new[] { chosen[v][d], chosen[v][hosts + d] }));
            }

            foreach (int[] group in problem.Together)
            {
                foreach (int v in group.Skip(1))
                {
                    model.Add(Goes(v, d) == Goes(group[0], d));
                }
            }
        }
    }
}
