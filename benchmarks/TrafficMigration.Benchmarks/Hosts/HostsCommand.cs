using System.Diagnostics;

namespace TrafficMigration.Benchmarks.Hosts;

/// <summary>Measures what it costs to sample many hosts from one process.</summary>
/// <remarks>The client is a process of its own, so that neither the servers nor this one count.</remarks>
internal static class HostsCommand
{
    /// <summary>How to call it.</summary>
    public const string Usage = "  hosts " + HostsOptions.Usage;

    /// <summary>Runs the benchmark and prints a table and a line of JSON.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (HostsOptions.Parse(arguments) is not { } options)
        {
            await Console.Error.WriteLineAsync("usage:\n" + Usage);
            return 2;
        }

        await using ReplayHosts hosts = await ReplayHosts.StartAsync(options);
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, ["hosts", HostsClient.Switch, hosts.Directory, .. options.ToArguments()])
        {
            // The client ends when this ends, be it by a kill.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process client = Process.Start(start)!;
        string said = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        if (client.ExitCode != 0 || HostsFigures.FromJson(said) is not { } figures)
        {
            await Console.Error.WriteLineAsync($"The client ended with exit code {client.ExitCode}.");
            return 1;
        }

        Console.WriteLine(figures.ToTable());
        Console.WriteLine(figures.ToJson());
        return 0;
    }
}
