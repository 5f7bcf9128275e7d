using System.Diagnostics;
using TrafficMigration.Kvm;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Connections that end or fall silent while they are in use.</summary>
public sealed class LossTests(SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frozen_host_holds_nobody()
    {
        ICommandChannel channel = await server.Connector().ConnectAsync(
            server.Endpoint with { ConnectTimeout = TimeSpan.FromSeconds(5) }, Token);
        string session = await SessionAsync(channel);
        Task<CommandResult>[] commands =
            [.. Enumerable.Range(0, 10).Select(_ => channel.ExecuteAsync("sleep 40", Token))];
        await Task.Delay(700, Token);
        Tool.Run("kill", "-STOP", session);
        try
        {
            foreach (Task<CommandResult> command in commands)
            {
                await Expect.FailureAsync("HostTimeout", () => command, withinSeconds: 20);
            }

            await Expect.FailureAsync("HostTimeout", () => channel.ExecuteAsync("true", Token), withinSeconds: 2);
            var clock = Stopwatch.StartNew();
            await channel.DisposeAsync();
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(4), clock.Elapsed.ToString());
        }
        finally
        {
            // Ends a stopped process too; continued, it might be gone before it could be ended.
            Tool.Run("kill", "-KILL", session);
        }
    }

    [Fact]
    public async Task A_short_time_for_connecting_in_ssh_config_is_none_for_silence()
    {
        string[] config = ["HostName 127.0.0.1", $"Port {server.Port}", $"IdentityFile {server.UserKey}", "ConnectTimeout 3"];
        await using ICommandChannel channel = await server.ConnectorWith(config).ConnectAsync(new HostEndpoint { HostName = "kvm1" }, Token);
        string session = await SessionAsync(channel);
        Task<CommandResult> command = channel.ExecuteAsync("sleep 1; echo ok", Token);
        await Task.Delay(700, Token);
        Tool.Run("kill", "-STOP", session);
        await Task.Delay(7000, Token);
        Tool.Run("kill", "-CONT", session);

        Assert.Equal("ok\n", (await command).Output);
    }

    [Fact]
    public async Task A_host_that_froze_between_commands_is_noticed_by_the_next()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(
            server.Endpoint with { ConnectTimeout = TimeSpan.FromSeconds(5) }, Token);
        string session = await SessionAsync(channel);
        Tool.Run("kill", "-STOP", session);
        try
        {
            await Expect.FailureAsync("HostTimeout", () => channel.ExecuteAsync("true", Token), withinSeconds: 20);
        }
        finally
        {
            // Ends a stopped process too; continued, it might be gone before it could be ended.
            Tool.Run("kill", "-KILL", session);
        }
    }

    [Fact]
    public async Task A_killed_session_is_a_lost_connection_for_pending_queued_and_later_commands()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        string session = await SessionAsync(channel);
        Task<CommandResult>[] commands =
            [.. Enumerable.Range(0, 10).Select(_ => channel.ExecuteAsync("sleep 40", Token))];
        await Task.Delay(700, Token);

        Tool.Run("kill", "-KILL", session);

        foreach (Task<CommandResult> command in commands)
        {
            await Expect.FailureAsync("ConnectionLost", () => command, withinSeconds: 20);
        }

        await Expect.FailureAsync("ConnectionLost", () => channel.ExecuteAsync("true", Token), withinSeconds: 2);
    }

    [Fact]
    public async Task A_session_that_ended_while_idle_is_a_lost_connection()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        Tool.Run("kill", "-TERM", await SessionAsync(channel));
        await Task.Delay(500, Token);

        await Expect.FailureAsync("ConnectionLost", () => channel.ExecuteAsync("true", Token), withinSeconds: 5);
    }

    [Fact]
    public async Task A_quiet_stream_on_a_living_host_is_no_error()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(
            server.Endpoint with { ConnectTimeout = TimeSpan.FromSeconds(4) }, Token);
        await using ICommandStream stream = await channel.StartAsync("sleep 14; echo woken", Token);

        Assert.Equal("woken", await stream.ReadLineAsync(Token));
    }

    [Fact]
    public async Task A_frozen_host_ends_its_streams()
    {
        ICommandChannel channel = await server.Connector().ConnectAsync(
            server.Endpoint with { ConnectTimeout = TimeSpan.FromSeconds(5) }, Token);
        string session = await SessionAsync(channel);
        ICommandStream stream = await channel.StartAsync("cat", Token);
        Tool.Run("kill", "-STOP", session);
        try
        {
            await Expect.FailureAsync("HostTimeout", () => stream.ReadLineAsync(Token).AsTask(), withinSeconds: 40);
            await Expect.FailureAsync("HostTimeout", () => stream.WriteLineAsync("", Token).AsTask(), withinSeconds: 2);
            await Expect.FailureAsync("HostTimeout", () => stream.Completion, withinSeconds: 2);
            var clock = Stopwatch.StartNew();
            await stream.DisposeAsync();
            await channel.DisposeAsync();
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(4), clock.Elapsed.ToString());
        }
        finally
        {
            // Ends a stopped process too; continued, it might be gone before it could be ended.
            Tool.Run("kill", "-KILL", session);
        }
    }

    [Fact]
    public async Task A_killed_session_ends_its_streams_after_their_whole_lines()
    {
        await using ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        string session = await SessionAsync(channel);
        await using ICommandStream stream = await channel.StartAsync("echo whole; printf part; cat", Token);
        await Task.Delay(700, Token);

        Tool.Run("kill", "-KILL", session);

        await Expect.FailureAsync("ConnectionLost", () => stream.Completion, withinSeconds: 20);
        Assert.Equal("whole", await stream.ReadLineAsync(Token));
        await Expect.FailureAsync("ConnectionLost", () => stream.ReadLineAsync(Token).AsTask());
        await Expect.FailureAsync("ConnectionLost", () => stream.WriteLineAsync("", Token).AsTask());
        await Expect.FailureAsync("ConnectionLost", () => channel.StartAsync("cat", Token));
    }

    [Fact]
    public async Task A_disposed_channel_ends_its_streams()
    {
        ICommandChannel channel = await server.Connector().ConnectAsync(server.Endpoint, Token);
        ICommandStream stream = await channel.StartAsync("cat", Token);
        Task<string?> pending = stream.ReadLineAsync(Token).AsTask();

        await channel.DisposeAsync();

        await Expect.FailureAsync("ConnectionLost", () => pending, withinSeconds: 3);
        await stream.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => channel.StartAsync("cat", Token));
    }

    /// <summary>The process of sshd that serves this connection: the parent of the shell that it started.</summary>
    private static async Task<string> SessionAsync(ICommandChannel channel) =>
        (await channel.ExecuteAsync("echo $PPID", Token)).Output.Trim();
}
