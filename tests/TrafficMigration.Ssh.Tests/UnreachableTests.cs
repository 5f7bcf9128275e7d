using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Hosts that are not there, or not what they should be.</summary>
public sealed class UnreachableTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SshHostConnector _connector = new([], Path.GetTempPath());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Socket? _accepted;

    public void Dispose()
    {
        _accepted?.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_not_found() => await Expect.FailureAsync(
        "HostNotFound", () => ConnectAsync(new HostEndpoint { HostName = "no-such-host.invalid" }));

    [Fact]
    public async Task A_port_where_nothing_listens_is_unreachable()
    {
        HostEndpoint endpoint = Listen();
        _listener.Stop();

        MigrationException failure = await Expect.FailureAsync("HostUnreachable", () => ConnectAsync(endpoint));

        Assert.Contains("refused", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("SSH-2.0-Silence\r\n")]
    public async Task A_server_that_accepts_and_falls_silent_times_out_in_time(string? greeting)
    {
        HostEndpoint endpoint = Listen();
        using var server = ServeAsync(greeting, close: false);

        MigrationException failure = await Expect.FailureAsync(
            "HostTimeout", () => ConnectAsync(endpoint), withinSeconds: 6);

        Assert.Contains(greeting is null ? "greeting" : "exchanging keys", failure.Message, StringComparison.Ordinal);
        await server;
    }

    [Theory]
    [InlineData(null)]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("SSH-2.0-Goodbye\r\n")]
    public async Task A_server_that_hangs_up_is_unreachable(string? greeting)
    {
        HostEndpoint endpoint = Listen();
        using var server = ServeAsync(greeting, close: true);

        await Expect.FailureAsync("HostUnreachable", () => ConnectAsync(endpoint), withinSeconds: 6);

        await server;
    }

    [Theory]
    [InlineData(null)]
    [InlineData("SSH-2.0-Silence\r\n")]
    public async Task Connecting_can_be_cancelled_at_once(string? greeting)
    {
        HostEndpoint endpoint = Listen() with { ConnectTimeout = TimeSpan.FromSeconds(10) };
        using var server = ServeAsync(greeting, close: false);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        cancel.CancelAfter(500);

        var clock = Stopwatch.StartNew();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _connector.ConnectAsync(endpoint, cancel.Token));

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(3), clock.Elapsed.ToString());
        await server;
    }

    [Theory]
    [InlineData("1", null, 1)]
    [InlineData("60", 2, 2)]
    [InlineData("none", 2, 2)]
    [InlineData("1w", 2, 2)]
    public async Task The_time_for_connecting_is_the_users_then_that_of_ssh_config(string configured, int? asked, int expected)
    {
        HostEndpoint endpoint = Listen() with { ConnectTimeout = asked is { } seconds ? TimeSpan.FromSeconds(seconds) : null };
        using var server = ServeAsync(null, close: false);
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "ConnectTimeout " + configured, Token);
            var connector = new SshHostConnector([], Path.GetTempPath(), new SshConfig(file, null, Path.GetTempPath()));

            MigrationException failure = await Expect.FailureAsync(
                "HostTimeout", () => connector.ConnectAsync(endpoint, Token), withinSeconds: expected + 5);

            Assert.Contains($"within {expected} s", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }

        await server;
    }

    private HostEndpoint Listen()
    {
        _listener.Start();
        return new HostEndpoint
        {
            HostName = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
            ConnectTimeout = TimeSpan.FromSeconds(2),
        };
    }

    private Task<ICommandChannel> ConnectAsync(HostEndpoint endpoint) => _connector.ConnectAsync(endpoint, Token);

    /// <summary>Takes one connection; unless it is closed at once, the end of the test closes it.</summary>
    private async Task ServeAsync(string? greeting, bool close)
    {
        _accepted = await _listener.AcceptSocketAsync(Token);
        if (greeting is not null)
        {
            await _accepted.SendAsync(Encoding.ASCII.GetBytes(greeting), Token);
        }

        if (close)
        {
            _accepted.Dispose();
        }
    }
}
