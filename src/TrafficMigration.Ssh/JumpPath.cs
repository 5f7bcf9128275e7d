using Renci.SshNet;
using Renci.SshNet.Common;

namespace TrafficMigration.Ssh;

/// <summary>A way through one host to the next: what connects to it here comes out there.</summary>
/// <remarks>
/// SSH.NET takes no stream for a connection, so the way begins at a port of the loopback address. It lets one
/// connection in and no other, so that nobody else on this machine can use the way; who comes before us only finds the
/// next host's sshd, and we then find the way closed.
/// </remarks>
internal sealed class JumpPath : IDisposable
{
    private readonly SshClient _client;
    private readonly Target _through;
    private readonly JumpPath? _before;
    private readonly ForwardedPortLocal _port;
    private int _used;
    private volatile Exception? _fault;

    /// <summary>Opens a way.</summary>
    /// <param name="client">The connection to the host to go through; disposed with this.</param>
    /// <param name="through">That host.</param>
    /// <param name="before">The way to that host, if it is itself reached through others; disposed with this.</param>
    /// <param name="to">The host to reach.</param>
    public JumpPath(SshClient client, Target through, JumpPath? before, Target to)
    {
        _client = client;
        _through = through;
        _before = before;
        _port = new ForwardedPortLocal("127.0.0.1", to.Address, (uint)to.Port);
        _port.RequestReceived += (_, _) =>
        {
            if (Interlocked.Exchange(ref _used, 1) != 0)
            {
                // What is thrown here closes that connection, and nothing else.
                throw new SshConnectionException("This way is in use.");
            }
        };
        _port.Exception += (_, e) => _fault ??= e.Exception;
        client.AddForwardedPort(_port);
        _port.Start();
    }

    /// <summary>The port of the loopback address at which the way begins.</summary>
    public int Port => (int)_port.BoundPort;

    /// <summary>Why the host at the other end could not be reached, as far as is known: SSH.NET does not tell what sshd answered.</summary>
    public string WhyNot => $"'{_through.HostName}' (ProxyJump) does not connect to it: {_fault?.Message ?? "it forbids that (AllowTcpForwarding), or cannot reach it itself"}.";

    /// <summary>Closes the way and the connections to the hosts that it goes through.</summary>
    public void Dispose()
    {
        _port.Dispose();
        _client.Dispose();
        _before?.Dispose();
    }
}
