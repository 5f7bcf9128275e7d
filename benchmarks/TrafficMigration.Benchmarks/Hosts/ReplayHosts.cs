using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace TrafficMigration.Benchmarks.Hosts;

/// <summary>
/// Hosts that are real to the client: each has an address of its own on the loopback link, an sshd, keys, and answers
/// with a recording.
/// </summary>
/// <remarks>
/// One sshd listens on 16 addresses, which is as many as it can (MAX_LISTEN_SOCKS): a listening sshd does nothing
/// once all are connected, and each connection has its own pair of sshd processes anyway. A shell holds them all,
/// ends them by process id and removes their files when its standard input ends: when this object is disposed or
/// this process is killed.
/// </remarks>
internal sealed class ReplayHosts : IAsyncDisposable
{
    private const string Program = "/usr/sbin/sshd";
    private const int AddressesEach = 16;

    private const string Keeper =
        """
        directory=$1
        shift
        trap : HUP INT TERM
        for config in "$@"; do /usr/sbin/sshd -D -e -f "$config" & pids="$pids $!"; done
        read -r _
        kill $pids
        wait
        rm -rf "$directory"
        """;

    private readonly Process _keeper;

    private ReplayHosts(string directory, Process keeper)
    {
        Directory = directory;
        _keeper = keeper;
    }

    /// <summary>Where keys and known hosts lie.</summary>
    public string Directory { get; }

    /// <summary>The address of a host.</summary>
    public static string Address(int host) => string.Create(CultureInfo.InvariantCulture, $"127.1.0.{host + 1}");

    /// <summary>Starts the hosts.</summary>
    public static async Task<ReplayHosts> StartAsync(HostsOptions options)
    {
        if (!File.Exists(Program))
        {
            throw new InvalidOperationException($"There is no {Program}: install openssh-server.");
        }

        if (Environment.IsPrivilegedProcess)
        {
            // sshd run by root wants this directory and does not make it.
            System.IO.Directory.CreateDirectory("/run/sshd");
        }

        string directory = System.IO.Directory.CreateTempSubdirectory("tm-hosts-").FullName;
        try
        {
            int port = FreePort();
            Recording.WriteTo(directory, options);
            foreach (string key in new[] { "host", "user" })
            {
                using Process keygen = Process.Start(
                    "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "benchmark", "-f", Path.Combine(directory, key)]);
                await keygen.WaitForExitAsync();
            }

            string hostKey = string.Join(' ', (await File.ReadAllTextAsync(Path.Combine(directory, "host.pub"))).Split(' ')[..2]);
            await File.WriteAllTextAsync(Path.Combine(directory, "known_hosts"), $"[127.1.0.*]:{port} {hostKey}\n");
            await File.WriteAllTextAsync(Path.Combine(directory, "port"), port.ToString(CultureInfo.InvariantCulture));
            string[] configs = [.. Enumerable.Range(0, options.Hosts).Chunk(AddressesEach).Select(hosts => Config(directory, port, hosts))];
            var start = new ProcessStartInfo("/bin/sh", ["-c", Keeper, "keeper", directory, .. configs])
            {
                RedirectStandardInput = true,
                RedirectStandardError = true,
            };
            var running = new ReplayHosts(directory, Process.Start(start)!);
            // Read, so that a full pipe stops no sshd; kept by nobody.
            running._keeper.BeginErrorReadLine();
            await running.AwaitListeningAsync(options.Hosts, port);
            return running;
        }
        catch when (System.IO.Directory.Exists(directory))
        {
            System.IO.Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    /// <summary>Ends the hosts and removes their files.</summary>
    public async ValueTask DisposeAsync()
    {
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }

    // HOME is where nothing is, so that what the user's shell does at its start costs nothing.
    private static string Config(string directory, int port, int[] hosts)
    {
        string path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"sshd_config_{hosts[0]}"));
        File.WriteAllText(path, $"""
            {string.Join('\n', hosts.Select(host => "ListenAddress " + Address(host)))}
            Port {port}
            HostKey {Path.Combine(directory, "host")}
            AuthorizedKeysFile {Path.Combine(directory, "user.pub")}
            ForceCommand exec /bin/bash --norc {Path.Combine(directory, Recording.Script)} {directory}
            PidFile none
            SetEnv HOME={Path.Combine(directory, "home")}
            UsePAM no
            StrictModes no
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            MaxStartups 1000
            LogLevel ERROR
            """);
        return path;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task AwaitListeningAsync(int hosts, int port)
    {
        var clock = Stopwatch.StartNew();
        for (int host = 0; host < hosts;)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(Address(host), port);
                host += AddressesEach;
            }
            catch (SocketException) when (clock.Elapsed < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(50);
            }
            catch (SocketException e)
            {
                await DisposeAsync();
                throw new InvalidOperationException($"{Program} does not listen on {Address(host)}:{port}.", e);
            }
        }
    }
}
