using System.Diagnostics;
using System.Globalization;
using TrafficMigration.Solving;

namespace TrafficMigration.Benchmarks.Planning;

/// <summary>Plans made-up racks: how long it takes, and how far the worst load may be from the least one.</summary>
/// <remarks>With seconds for CP-SAT (Google OR-Tools), that solver gets the same problems, the worst load alone as its objective, and one worker, as ours has one thread.</remarks>
internal static class RackCommand
{
    /// <summary>How to call it.</summary>
    public const string Usage = "  rack [SECONDS-FOR-CPSAT]";

    /// <summary>Runs it and prints a line a problem.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length > 1)
        {
            Console.Error.WriteLine("usage:\n" + Usage);
            return 2;
        }

        double seconds = arguments.Length > 0 ? double.Parse(arguments[0], CultureInfo.InvariantCulture) : 0;
        // The first call compiles; it is not what is measured.
        AssignmentSolver.Solve(RackInstances.All().First().Problem);
        Console.WriteLine($"{"problem",-24} {"ms",6} {"CPU ms",6} {"worst %",9} {"bound %",9} {"gap %",7} {"post",5} exact");
        bool allObeyed = true;
        foreach ((string name, AssignmentProblem problem) in RackInstances.All())
        {
            // On a machine that others use too, the processor's time says more than the clock.
            TimeSpan used = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            Assignment found = AssignmentSolver.Solve(problem);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            used = Environment.CpuUsage.TotalTime - used;
            double worst = RackInstances.WorstLoad(problem, found);
            bool obeyed = RackInstances.Obeys(problem, found);
            allObeyed &= obeyed;
            Print($"{name,-24} {took.TotalMilliseconds,6:0} {used.TotalMilliseconds,6:0} {worst * 100,9:0.000} {found.RelativeBound * 100,9:0.000} {(worst / found.RelativeBound - 1) * 100,7:0.000} {found.Techniques.Count(t => t == Technique.PostCopy),5} {(found.IsExact ? "yes" : "no")}{(obeyed ? "" : " DISOBEYS")}");
            if (seconds > 0)
            {
                Print($"  {CpSatRack.Solve(problem, seconds)}");
            }
        }

        return allObeyed ? 0 : 1;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
