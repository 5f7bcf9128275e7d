using System.Diagnostics;
using System.Globalization;
using TrafficMigration.Kvm;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class CommandTests(SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Output_errors_and_exit_code_come_back()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);

        CommandResult result = await channel.ExecuteAsync("echo out; echo err >&2; exit 3", Token);

        Assert.Equal(new CommandResult(3, "out\n", "err\n"), result);
        Assert.Equal("127.0.0.1", channel.HostName);
    }

    [Fact]
    public async Task Text_is_UTF8_both_ways()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);

        CommandResult result = await channel.ExecuteAsync("printf %s 'Größe 長さ 🚚'", Token);

        Assert.Equal("Größe 長さ 🚚", result.Output);
    }

    [Fact]
    public async Task A_megabyte_of_output_arrives_whole()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);

        CommandResult result = await channel.ExecuteAsync("head -c 1048576 /dev/zero | tr '\\0' x; echo end", Token);

        Assert.Equal(1048576 + 4, result.Output.Length);
        Assert.EndsWith("xend\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_ended_by_a_signal_has_exit_code_255()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);

        Assert.Equal(255, (await channel.ExecuteAsync("kill -KILL $$", Token)).ExitCode);
    }

    [Fact]
    public async Task Twenty_commands_at_once_share_one_connection()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);

        CommandResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => channel.ExecuteAsync($"sleep 0.2; echo {i} $PPID", Token)));

        string[][] words = [.. results.Select(result => result.Output.Split())];
        Assert.Equal(
            Enumerable.Range(0, 20), words.Select(word => int.Parse(word[0], CultureInfo.InvariantCulture)));
        Assert.Single(words.Select(word => word[1]).Distinct());
    }

    [Fact]
    public async Task A_command_may_take_longer_than_the_host_may_be_silent()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(
            server.Endpoint with { ConnectTimeout = TimeSpan.FromSeconds(4) }, Token);

        Assert.Equal("done\n", (await channel.ExecuteAsync("sleep 9; echo done", Token)).Output);
    }

    [Fact]
    public async Task Cancelling_is_quick_for_all_sides_and_frees_the_places()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        // Short enough that the sessions, which sshd keeps until their process ends, are soon free again.
        Task<CommandResult>[] commands =
            [.. Enumerable.Range(0, 12).Select(_ => channel.ExecuteAsync("sleep 4", cancel.Token))];
        await Task.Delay(1000, Token);

        var clock = Stopwatch.StartNew();
        await cancel.CancelAsync();
        foreach (Task<CommandResult> command in commands)
        {
            OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => command);
            Assert.Equal(cancel.Token, e.CancellationToken);
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), clock.Elapsed.ToString());
        await Task.Delay(6000, Token);
        CommandResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => channel.ExecuteAsync("echo still here", Token)));
        Assert.All(results, result => Assert.Equal("still here\n", result.Output));
    }

    [Fact]
    public async Task A_cancelled_token_runs_nothing()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => channel.ExecuteAsync("touch " + server.At("ran"), new CancellationToken(canceled: true)));
        Assert.False(File.Exists(server.At("ran")));
    }

    [Fact]
    public async Task Sessions_that_the_host_refuses_are_reported_as_such()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        // What is cancelled here goes on there and keeps its session: 8 and 2 are all that sshd grants.
        Task<CommandResult>[] given = [.. Enumerable.Range(0, 8).Select(_ => channel.ExecuteAsync("sleep 8", cancel.Token))];
        await Task.Delay(1500, Token);
        await cancel.CancelAsync();
        Task<CommandResult>[] held = [.. Enumerable.Range(0, 2).Select(_ => channel.ExecuteAsync("sleep 5", Token))];
        await Task.Delay(1500, Token);

        MigrationException failure = await Expect.FailureAsync(
            "CommandFailed", () => channel.ExecuteAsync("true", Token), withinSeconds: 5);
        Assert.Contains("session", failure.Message, StringComparison.Ordinal);
        Assert.All(given, command => Assert.True(command.IsCanceled));
        Assert.All(await Task.WhenAll(held), result => Assert.Equal(0, result.ExitCode));
    }

    [Fact]
    public async Task A_disposed_channel_ends_what_is_pending_and_takes_nothing_more()
    {
        ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        Task<CommandResult> pending = channel.ExecuteAsync("sleep 5", Token);
        await Task.Delay(500, Token);

        await channel.DisposeAsync();
        await channel.DisposeAsync();

        await Expect.FailureAsync("ConnectionLost", () => pending, withinSeconds: 3);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => channel.ExecuteAsync("true", Token));
    }
}
