using System.Diagnostics;
using System.Globalization;
using TrafficMigration.Kvm;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Commands that go on printing.</summary>
public sealed class StreamTests(SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lines_come_as_they_are_printed()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        await using ICommandStream stream = await channel.StartAsync("echo one; read -r _; echo two; echo; printf rest", Token);

        Assert.Equal("one", await stream.ReadLineAsync(Token));
        await stream.WriteLineAsync("go on", Token);
        Assert.Equal(["two", "", "rest", null, null], await ReadAsync(stream, 5));
        Assert.Equal(new CommandResult(0, "", ""), await stream.Completion);
    }

    [Fact]
    public async Task Lines_are_written_and_read_in_UTF8_wherever_packets_end()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        await using ICommandStream stream = await channel.StartAsync(
            @"printf 'Gr\303'; sleep 0.3; printf '\266\303\237e \360\237'; sleep 0.3; printf '\232\232\n'; cat", Token);

        Assert.Equal("Größe 🚚", await stream.ReadLineAsync(Token));
        await stream.WriteLineAsync("長さ", Token);
        await stream.WriteLineAsync("ß", Token);
        Assert.Equal(["長さ", "ß"], await ReadAsync(stream, 2));
    }

    [Fact]
    public async Task A_long_line_arrives_whole()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        await using ICommandStream stream = await channel.StartAsync(
            "head -c 4194304 /dev/zero | tr '\\0' x; echo end; echo next", Token);

        string line = (await stream.ReadLineAsync(Token))!;

        Assert.Equal(4194304 + 3, line.Length);
        Assert.EndsWith("xend", line, StringComparison.Ordinal);
        Assert.Equal("next", await stream.ReadLineAsync(Token));
    }

    [Fact]
    public async Task A_line_without_end_ends_the_stream_and_not_the_connection()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        await using ICommandStream stream = await channel.StartAsync("tr '\\0' x </dev/zero", Token);

        MigrationException failure = await Expect.FailureAsync(
            "AnswerNotUnderstood", () => stream.ReadLineAsync(Token).AsTask());
        Assert.Contains("line is longer than", failure.Message, StringComparison.Ordinal);
        await Expect.FailureAsync("AnswerNotUnderstood", () => stream.Completion);
        Assert.Equal("alive\n", (await channel.ExecuteAsync("echo alive", Token)).Output);
    }

    [Fact]
    public async Task Exit_code_and_errors_are_told_at_the_end()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        await using ICommandStream stream = await channel.StartAsync("echo out; echo 'schön' >&2; exit 3", Token);
        await using ICommandStream killed = await channel.StartAsync("kill -KILL $$", Token);

        Assert.Equal(["out", null], await ReadAsync(stream, 2));
        Assert.Equal(new CommandResult(3, "", "schön\n"), await stream.Completion);
        Assert.Null(await killed.ReadLineAsync(Token));
        Assert.Equal(255, (await killed.Completion).ExitCode);
        // Nobody reads it any more; that is no error.
        await stream.WriteLineAsync("too late", Token);
    }

    [Fact]
    public async Task A_cancelled_read_loses_no_line()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        await using ICommandStream stream = await channel.StartAsync("cat", Token);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        ValueTask<string?> reading = stream.ReadLineAsync(cancel.Token);
        await cancel.CancelAsync();

        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.AsTask());

        Assert.Equal(cancel.Token, e.CancellationToken);
        await stream.WriteLineAsync("still here", Token);
        Assert.Equal("still here", await stream.ReadLineAsync(Token));
    }

    [Fact]
    public async Task A_cancelled_start_gives_its_place_back()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);

        for (int i = 0; i < 12; i++)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => channel.StartAsync("cat", new CancellationToken(canceled: true)));
        }

        await using ICommandStream stream = await channel.StartAsync("echo free", Token);
        Assert.Equal("free", await stream.ReadLineAsync(Token));
    }

    [Fact]
    public async Task Streams_and_commands_run_at_the_same_time()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        await using ICommandStream first = await channel.StartAsync("cat", Token);
        await using ICommandStream second = await channel.StartAsync("cat", Token);

        Task<CommandResult>[] commands =
            [.. Enumerable.Range(0, 20).Select(i => channel.ExecuteAsync("sleep 0.1; echo " + i, Token))];
        for (int i = 0; i < 50; i++)
        {
            string line = i.ToString(CultureInfo.InvariantCulture);
            await first.WriteLineAsync("a" + line, Token);
            await second.WriteLineAsync("b" + line, Token);
            Assert.Equal("a" + line, await first.ReadLineAsync(Token));
            Assert.Equal("b" + line, await second.ReadLineAsync(Token));
        }

        Assert.All(await Task.WhenAll(commands), result => Assert.Equal(0, result.ExitCode));
    }

    [Fact]
    public async Task Streams_take_places_and_give_them_back()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        ICommandStream[] streams = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => channel.StartAsync("cat", Token)));
        Task<CommandResult> waiting = channel.ExecuteAsync("echo mine", Token);
        await Task.Delay(500, Token);
        Assert.False(waiting.IsCompleted);

        await streams[0].DisposeAsync();

        Assert.Equal("mine\n", (await waiting.WaitAsync(TimeSpan.FromSeconds(20), Token)).Output);
        foreach (ICommandStream stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task Disposing_ends_the_command_and_does_not_wait_for_it()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        ICommandStream stream = await channel.StartAsync(SamplerLike, Token);
        int[] processes = await ProcessesAsync(stream);
        Task<string?> pending = stream.ReadLineAsync(Token).AsTask();

        var clock = Stopwatch.StartNew();
        await stream.DisposeAsync();
        await stream.DisposeAsync();

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), clock.Elapsed.ToString());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pending);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteLineAsync("", Token).AsTask());
        await AssertGoneAsync(processes);
        Assert.Equal("alive\n", (await channel.ExecuteAsync("echo alive", Token)).Output);
    }

    [Fact]
    public async Task A_cut_connection_leaves_no_process_at_the_host()
    {
        using var relay = new Relay(server.Port);
        await using ICommandChannel channel = await server.Connector($"[127.0.0.1]:{relay.Port} {server.HostKey()}")
            .ConnectAsync(server.Endpoint with { Port = relay.Port }, Token);
        await using ICommandStream stream = await channel.StartAsync(SamplerLike, Token);
        int[] processes = await ProcessesAsync(stream);

        relay.Cut();

        await Expect.FailureAsync("ConnectionLost", () => stream.ReadLineAsync(Token).AsTask(), withinSeconds: 10);
        await AssertGoneAsync(processes);
    }

    /// <summary>Waits as SamplerScript does, and far longer than the test.</summary>
    private static string SamplerLike =>
        """
        exec 3>&1 5<&0
        run() { while :; do ask=$(timeout 600 head -n 1); case $?$ask in 124*|0?*) ;; *) break ;; esac; done; }
        { sh -c 'echo $PPID $$'; run 4>&1 >&3 <&5 5<&-; } | { echo $$ >&3; sed -u 's/^/ /' >&3; }
        """;

    private static async Task<int[]> ProcessesAsync(ICommandStream stream)
    {
        string said = string.Join(' ', await ReadAsync(stream, 2));
        return [.. said.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
    }

    private static async Task AssertGoneAsync(int[] processes)
    {
        Assert.NotEmpty(processes);
        var clock = Stopwatch.StartNew();
        while (processes.Any(IsAlive))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "still there: " + string.Join(' ', processes.Where(IsAlive)));
            await Task.Delay(50, Token);
        }
    }

    /// <summary>A process that has ended and whose parent has not asked yet is no longer alive.</summary>
    private static bool IsAlive(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<string?[]> ReadAsync(ICommandStream stream, int count)
    {
        string?[] lines = new string?[count];
        for (int i = 0; i < count; i++)
        {
            lines[i] = await stream.ReadLineAsync(Token);
        }

        return lines;
    }
}
