using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

public sealed class HeartbeatTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silence_is_reported_while_something_is_pending()
    {
        var silent = new TaskCompletionSource();
        var never = new TaskCompletionSource<int>();
        using var heartbeat = new Heartbeat(Interval, Limit, () => never.Task, silent.SetResult);

        Task<int> command = heartbeat.WatchAsync(() => never.Task);

        await silent.Task.WaitAsync(Patience, Token);
        Assert.False(command.IsCompleted);
    }

    [Fact]
    public async Task A_host_that_answers_is_asked_again_and_again_and_never_given_up()
    {
        int silences = 0;
        int probes = 0;
        var enough = new TaskCompletionSource<int>();
        using var heartbeat = new Heartbeat(Interval, Limit, Probe, () => silences++);

        await heartbeat.WatchAsync(() => enough.Task).WaitAsync(Patience, Token);

        Assert.Equal(0, silences);

        Task Probe()
        {
            if (++probes == 5)
            {
                enough.SetResult(probes);
            }

            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Nothing_is_asked_while_nothing_is_pending()
    {
        int probes = 0;
        using var heartbeat = new Heartbeat(
            Interval, Limit, () => { probes++; return Task.CompletedTask; }, () => { });

        await heartbeat.WatchAsync(() => Task.FromResult(0));
        await Task.Delay(Interval * 6, Token);

        Assert.Equal(0, probes);
    }

    [Fact]
    public async Task A_watched_host_that_prints_is_not_asked_and_one_that_falls_silent_is()
    {
        int probes = 0;
        var silent = new TaskCompletionSource();
        using var heartbeat = new Heartbeat(
            Interval * 2, Limit, () => { probes++; return new TaskCompletionSource().Task; }, silent.SetResult);

        using IDisposable watch = heartbeat.Watch();
        for (int i = 0; i < 30; i++)
        {
            heartbeat.SignOfLife();
            await Task.Delay(Interval / 2, Token);
        }

        Assert.Equal(0, probes);
        await silent.Task.WaitAsync(Patience, Token);
        Assert.Equal(1, probes);
    }

    [Fact]
    public async Task A_watch_that_was_ended_twice_ends_once()
    {
        int probes = 0;
        using var heartbeat = new Heartbeat(
            Interval, Limit, () => { probes++; return Task.CompletedTask; }, () => { });
        IDisposable first = heartbeat.Watch();
        using (heartbeat.Watch())
        {
            first.Dispose();
            first.Dispose();
            await Task.Delay(Interval * 20, Token);
            Assert.NotEqual(0, probes);
        }

        int before = probes;
        await Task.Delay(Interval * 20, Token);
        Assert.InRange(probes, before, before + 1);
    }
}
