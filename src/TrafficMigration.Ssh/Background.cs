namespace TrafficMigration.Ssh;

/// <summary>Runs calls of SSH.NET that block, on threads of their own.</summary>
/// <remarks>
/// On the thread pool a few hosts that hang would take every thread, and timers, which are to notice just
/// that, would come late.
/// </remarks>
internal static class Background
{
    public static Task<T> Run<T>(Func<T> work) => Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Default);

    /// <summary>Disposes without letting the caller wait and without throwing.</summary>
    public static Task Dispose(IDisposable thing) => Run<object?>(() =>
    {
        // Whatever goes wrong while an end is made of something already given up concerns nobody.
#pragma warning disable CA1031
        try
        {
            thing.Dispose();
        }
        catch (Exception)
        {
        }
#pragma warning restore CA1031
        return null;
    });
}
