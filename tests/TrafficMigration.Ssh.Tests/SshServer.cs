using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>A real sshd on a free port of the loopback address, with keys and configuration of its own.</summary>
public sealed class SshServer : IAsyncLifetime
{
    private const string Program = "/usr/sbin/sshd";
    public const string Passphrase = "korrekt pferd batterie";

    private readonly string _directory = Directory.CreateTempSubdirectory("tm-sshd-").FullName;
    private readonly StringBuilder _log = new();
    private Process? _process;

    public int Port { get; } = FreePort();

    public string UserKey => At("user");

    public string WrongKey => At("wrong");

    public string EncryptedKey => At("encrypted");

    /// <summary>An empty directory: no default key lies there.</summary>
    public string NoKeys => Directory.CreateDirectory(At("nokeys")).FullName;

    /// <summary>A file in the server's directory, which goes away with it.</summary>
    public string At(string name) => Path.Combine(_directory, name);

    /// <summary>The public host key of a type, as known_hosts holds it.</summary>
    public string HostKey(string type = "ed25519") =>
        string.Join(' ', File.ReadAllText(At("host_" + type + ".pub")).Split(' ')[..2]);

    /// <summary>Writes a known_hosts file.</summary>
    public string KnownHosts(params string[] lines)
    {
        string path = At("known_" + Guid.NewGuid().ToString("N"));
        File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>The name of this server in known_hosts.</summary>
    public string Name => $"[127.0.0.1]:{Port}";

    public HostEndpoint Endpoint => new()
    {
        HostName = "127.0.0.1",
        Port = Port,
        KeyFilePath = UserKey,
        ConnectTimeout = TimeSpan.FromSeconds(20),
    };

    /// <summary>A connector that knows this server.</summary>
    public SshHostConnector Connector() => Connector($"{Name} {HostKey()}");

    public SshHostConnector Connector(params string[] knownHosts) => new([KnownHosts(knownHosts)], NoKeys);

    public async ValueTask InitializeAsync()
    {
        Assert.True(File.Exists(Program), $"These tests need {Program}: install openssh-server.");
        if (Environment.IsPrivilegedProcess)
        {
            // sshd run by root wants this directory and does not make it.
            Directory.CreateDirectory("/run/sshd");
        }

        Tool.MakeKey(At("host_ed25519"));
        Tool.MakeKey(At("host_rsa"), "rsa");
        Tool.MakeKey(UserKey);
        Tool.MakeKey(WrongKey);
        Tool.MakeKey(EncryptedKey, passphrase: Passphrase);
        await File.WriteAllTextAsync(
            At("authorized_keys"),
            await File.ReadAllTextAsync(UserKey + ".pub") + await File.ReadAllTextAsync(EncryptedKey + ".pub"));
        // HOME is empty, so that what the user's shell does at its start neither slows nor changes the tests.
        await File.WriteAllTextAsync(At("sshd_config"), $"""
            ListenAddress 127.0.0.1
            Port {Port}
            HostKey {At("host_ed25519")}
            HostKey {At("host_rsa")}
            AuthorizedKeysFile {At("authorized_keys")}
            PidFile none
            SetEnv HOME={NoKeys}
            UsePAM no
            StrictModes no
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            """);
        _process = Tool.Start(Program, "-D", "-e", "-f", At("sshd_config"));
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.BeginErrorReadLine();
        await AwaitListeningAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
            }

            _process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Note(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }

    private async Task AwaitListeningAsync()
    {
        var clock = Stopwatch.StartNew();
        while (_process is { HasExited: false } && clock.Elapsed < TimeSpan.FromSeconds(30))
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        lock (_log)
        {
            Assert.Fail($"{Program} does not listen on port {Port}. It said: {_log}");
        }
    }
}
