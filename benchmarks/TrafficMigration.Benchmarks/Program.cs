using System.Globalization;
using TrafficMigration.Benchmarks.Fuzz;
using TrafficMigration.Benchmarks.Hosts;
using TrafficMigration.Benchmarks.Planning;
using TrafficMigration.Benchmarks.Runs;
using TrafficMigration.Kvm;

// Each command measures one thing and prints what it found; its own file says how.
return args switch
{
    ["hosts", HostsClient.Switch, .. string[] rest] => await HostsClient.RunAsync(rest),
    ["hosts", .. string[] rest] => await HostsCommand.RunAsync(rest),
    ["fuzz", .. string[] rest] => FuzzCommand.Run(rest),
    ["fuzz-files", .. string[] rest] => FileFuzzCommand.Run(rest),
    ["simulate"] => SimulatorCommand.Run(),
    ["pair", .. string[] rest] => PairCommand.Run(rest),
    ["rack", .. string[] rest] => RackCommand.Run(rest),
    ["run", .. string[] rest] => await RunCommand.RunAsync(rest),
    // For host-cost.sh, which runs the product's own script.
    ["sampler", string interval] => Print(SamplerScript.For(
        TimeSpan.FromSeconds(double.Parse(interval, CultureInfo.InvariantCulture)), destination: null, withDirtyRate: false)),
    _ => Usage(),
};

static int Print(string text)
{
    Console.WriteLine(text);
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("usage: TrafficMigration.Benchmarks COMMAND [OPTIONS]");
    Console.Error.WriteLine(HostsCommand.Usage);
    Console.Error.WriteLine(FuzzCommand.Usage);
    Console.Error.WriteLine(FileFuzzCommand.Usage);
    Console.Error.WriteLine(SimulatorCommand.Usage);
    Console.Error.WriteLine(PairCommand.Usage);
    Console.Error.WriteLine(RackCommand.Usage);
    Console.Error.WriteLine(RunCommand.Usage);
    Console.Error.WriteLine("  sampler INTERVAL-SECONDS");
    return 2;
}
