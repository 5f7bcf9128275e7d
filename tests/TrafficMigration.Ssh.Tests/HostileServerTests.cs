using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Servers that say anything but what an SSH server says first.</summary>
public sealed class HostileServerTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SshHostConnector _connector = new([], Path.GetTempPath());

    public HostileServerTests() => _listener.Start();

    public static TheoryData<string> Files => Corpus.Names("banner");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public async Task What_a_server_says_ends_as_a_clear_error_that_a_terminal_can_show(string name)
    {
        Task serving = ServeAsync(async socket =>
        {
            await socket.SendAsync(Corpus.Read("banner", name), Token);
            // Hanging up before the client's greeting was read would take back what has not arrived yet.
            socket.Shutdown(SocketShutdown.Send);
            await new NetworkStream(socket).CopyToAsync(Stream.Null, Token);
        });

        MigrationException failure = await RefusedAsync();

        Assert.Contains(failure.ErrorId, new[] { "HostUnreachable", "HostTimeout" });
        // The connection is given up, politely or not.
        Assert.Same(serving, await Task.WhenAny(serving, Task.Delay(TimeSpan.FromSeconds(5), Token)));
    }

    [Theory]
    [InlineData("A", "HostUnreachable")]
    [InlineData("A line\r\n", "HostUnreachable")]
    [InlineData("\0", "HostUnreachable")]
    [InlineData("SSH-2.0-x\r\n\0\0\0\x0c\x0a\x02", "HostUnreachable")] // packets that say to ignore them
    [InlineData("A", "HostTimeout", 1)]
    public async Task A_server_that_never_stops_talking_is_left_in_time(string text, string error, int atOnce = 65_536)
    {
        byte[] chunk = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, Math.Max(1, atOnce / text.Length))));
        long sent = 0;
        Task serving = ServeAsync(async socket =>
        {
            while (true)
            {
                sent += await socket.SendAsync(chunk, Token);
                await Task.Delay(atOnce == 1 ? 20 : 0, Token);
            }
        });
        long before = GC.GetTotalMemory(forceFullCollection: true);

        MigrationException failure = await RefusedAsync();

        Assert.True(error == failure.ErrorId, failure.ToString());
        // That we have hung up is what ends the sending.
        await Assert.ThrowsAsync<SocketException>(() => serving.WaitAsync(TimeSpan.FromSeconds(5), Token));
        Assert.InRange(sent, chunk.Length, 64L << 20);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 16L << 20);
    }

    /// <summary>Connects; that fails in time, and what is said of it is short and can be shown.</summary>
    private async Task<MigrationException> RefusedAsync()
    {
        var endpoint = new HostEndpoint { HostName = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port, ConnectTimeout = Limit };
        var clock = Stopwatch.StartNew();
        MigrationException failure = await Assert.ThrowsAsync<MigrationException>(() => _connector.ConnectAsync(endpoint, Token));

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, 3 * Limit);
        Assert.Contains("'127.0.0.1'", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
        Assert.InRange(failure.Message.Length, 1, 3_000);
        return failure;
    }

    private async Task ServeAsync(Func<Socket, Task> talk)
    {
        using Socket socket = await _listener.AcceptSocketAsync(Token);
        await talk(socket);
    }
}
