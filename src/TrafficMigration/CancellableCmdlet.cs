using System.Collections.Concurrent;
using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>
/// A cmdlet that waits for asynchronous work: Ctrl+C cancels a token and nothing else, and only the pipeline's own
/// thread writes.
/// </summary>
public abstract class CancellableCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Action<Action>? _post;

    /// <summary>Makes the cmdlet with a token that work started by it may still hold after the cmdlet's end.</summary>
    protected CancellableCmdlet() => StopToken = _stop.Token;

    /// <summary>Cancelled when the user presses Ctrl+C or the pipeline is stopped.</summary>
    protected CancellationToken StopToken { get; }

    /// <summary>Warns; what others have named or said cannot command the terminal.</summary>
    protected new void WriteWarning(string text) => base.WriteWarning(PlainText.Lines(text));

    /// <inheritdoc cref="WriteWarning"/>
    protected new void WriteVerbose(string text) => base.WriteVerbose(PlainText.Lines(text));

    /// <inheritdoc cref="WriteWarning"/>
    protected new bool ShouldProcess(string target, string action) => base.ShouldProcess(PlainText.OneLine(target), action);

    /// <inheritdoc/>
    protected override void StopProcessing() => _stop.Cancel();

    /// <summary>
    /// Runs asynchronous work off the pipeline's thread and waits for its end; what the work posts runs, in order, on
    /// the pipeline's thread.
    /// </summary>
    /// <param name="work">Gets a function that posts an action to the pipeline's thread.</param>
    protected void RunAsync(Func<Action<Action>, Task> work)
    {
        using var posted = new BlockingCollection<Action>();
        _post = posted.Add;
        Task task = Task.Run(async () =>
        {
            try
            {
                await work(posted.Add);
            }
            finally
            {
                posted.CompleteAdding();
            }
        });

        bool stopped = false;
        foreach (Action action in posted.GetConsumingEnumerable())
        {
            // After a stop the pipeline takes no more output, but the work is still waited for: it may be tidying up.
            if (!stopped)
            {
                try
                {
                    action();
                }
                catch (PipelineStoppedException)
                {
                    stopped = true;
                    _stop.Cancel();
                }
            }
        }

        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            stopped = true;
        }

        if (stopped)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Runs an action on the pipeline's thread, from any thread while <see cref="RunAsync"/> runs; does nothing once that has ended.</summary>
    protected void Post(Action action)
    {
        try
        {
            _post?.Invoke(action);
        }
        catch (InvalidOperationException)
        {
            // Ended.
        }
    }

    /// <summary>Runs an action that may throw our own error, which then ends the whole call.</summary>
    protected void Terminating(Action action, object? target = null)
    {
        try
        {
            action();
        }
        catch (MigrationException e)
        {
            ThrowTerminatingError(ErrorRecords.From(e, target));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the cmdlet holds; called by PowerShell when the pipeline ends, however it ends.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Work that another cmdlet's error left behind must not go on unseen.
            _stop.Cancel();
            _stop.Dispose();
        }
    }
}
