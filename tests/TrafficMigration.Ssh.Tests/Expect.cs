using System.Diagnostics;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;
using Xunit;

namespace TrafficMigration.Tests;

internal static class Expect
{
    /// <summary>Waits for one of the product's errors, no longer than <paramref name="withinSeconds"/>.</summary>
    public static async Task<MigrationException> FailureAsync(
        string errorId, Func<Task> action, double withinSeconds = 30)
    {
        var clock = Stopwatch.StartNew();
        MigrationException failure = await Assert.ThrowsAsync<MigrationException>(action);
        Assert.True(clock.Elapsed.TotalSeconds < withinSeconds, $"took {clock.Elapsed}: {failure.Message}");
        Assert.True(errorId == failure.ErrorId, $"{failure.ErrorId} instead of {errorId}: {failure}");
        return failure;
    }

    /// <summary>Connects where nothing is to be warned of.</summary>
    public static Task<ICommandChannel> ConnectAsync(this SshHostConnector connector, HostEndpoint endpoint, CancellationToken cancellationToken) =>
        connector.ConnectAsync(endpoint, text => Assert.Fail(text), cancellationToken);
}
