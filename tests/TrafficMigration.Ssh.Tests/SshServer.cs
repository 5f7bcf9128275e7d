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

    /// <summary>A key that may log in only by the certificate that lies beside it.</summary>
    public string CertifiedKey => At("certified");

    /// <summary>A key with which one may log in, but not go on to other hosts.</summary>
    public string NoForwardingKey => At("noforwarding");

    /// <summary>The public key of the authority that has certified the host's ed25519 key for <see cref="CertifiedName"/>.</summary>
    public string HostAuthority => string.Join(' ', File.ReadAllText(At("ca.pub")).Split(' ')[..2]);

    /// <summary>The name for which the host's key is certified.</summary>
    public const string CertifiedName = "kvm1.example";

    /// <summary>What the server has said so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

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

    /// <summary>A connector that knows this server and reads an ssh_config of these lines.</summary>
    public SshHostConnector ConnectorWith(params string[] config) => ConnectorWith(KnownHosts($"{Name} {HostKey()}"), config);

    /// <summary>A connector with this known_hosts file and an ssh_config of these lines.</summary>
    public SshHostConnector ConnectorWith(string knownHosts, string[] config) => new([knownHosts], NoKeys, Config(config));

    /// <summary>An ssh_config of these lines, and no other.</summary>
    internal SshConfig Config(params string[] lines)
    {
        string path = At("config_" + Guid.NewGuid().ToString("N"));
        File.WriteAllLines(path, lines);
        return new SshConfig(path, At("none"), At("home"));
    }

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
        Tool.MakeKey(CertifiedKey);
        Tool.MakeKey(NoForwardingKey);
        Tool.MakeKey(At("ca"));
        Tool.Run("ssh-keygen", "-q", "-s", At("ca"), "-h", "-I", "host", "-n", CertifiedName, "-V", "-1h:+1h", At("host_ed25519.pub"));
        Tool.Run("ssh-keygen", "-q", "-s", At("ca"), "-I", "user", "-n", Environment.UserName, "-V", "-1h:+1h", CertifiedKey + ".pub");
        await File.WriteAllTextAsync(
            At("authorized_keys"),
            await File.ReadAllTextAsync(UserKey + ".pub") + await File.ReadAllTextAsync(EncryptedKey + ".pub")
            + "no-port-forwarding " + await File.ReadAllTextAsync(NoForwardingKey + ".pub"));
        // HOME is empty, so that what the user's shell does at its start neither slows nor changes the tests.
        await File.WriteAllTextAsync(At("sshd_config"), $"""
            ListenAddress 127.0.0.1
            Port {Port}
            HostKey {At("host_ed25519")}
            HostKey {At("host_rsa")}
            HostCertificate {At("host_ed25519-cert.pub")}
            TrustedUserCAKeys {At("ca.pub")}
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

        Assert.Fail($"{Program} does not listen on port {Port}. It said: {Log}");
    }
}
