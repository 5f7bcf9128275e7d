using TrafficMigration.Benchmarks.Hosts;

// Each command measures one thing and prints what it found; its own file says how.
return args switch
{
    ["hosts", HostsClient.Switch, .. string[] rest] => await HostsClient.RunAsync(rest),
    ["hosts", .. string[] rest] => await HostsCommand.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: TrafficMigration.Benchmarks COMMAND [OPTIONS]");
    Console.Error.WriteLine(HostsCommand.Usage);
    return 2;
}
