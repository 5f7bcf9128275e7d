using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>Does the work of a job: takes who hears of it, where remote commands and warnings are shown, a token that stops, and one that leaves.</summary>
internal delegate Task RunWork(IRunListener listener, Action<string> trace, Action<string> warn, CancellationToken stop, CancellationToken leave);

/// <summary>A run as a PowerShell job: its streams are the run's, Stop-Job ends it as Ctrl+C does.</summary>
internal sealed class MigrationRunJob : Job, IRunOutput, IRunListener
{
    private readonly RunWork _work;
    private readonly RunPresenter _presenter;
    // Never disposed: the run may look at them until it has ended, and they hold nothing of the operating system.
#pragma warning disable CA2213
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _leave = new();
#pragma warning restore CA2213
    private readonly object _writing = new();
    private Task _running = Task.CompletedTask;
    private string _status = "";

    /// <param name="command">The command line, as Get-Job shows it.</param>
    /// <param name="plans">The run's VMs.</param>
    /// <param name="work">The run.</param>
    public MigrationRunJob(string command, IReadOnlyList<VMMigrationPlan> plans, RunWork work)
        : base(command)
    {
        _work = work;
        _presenter = new RunPresenter(plans, this, isInteractive: true);
        PSJobTypeName = "TrafficMigration";
    }

    /// <inheritdoc/>
    public override bool HasMoreData =>
        Output.Count > 0 || Error.Count > 0 || Warning.Count > 0 || Verbose.Count > 0 || Information.Count > 0 || Progress.Count > 0;

    /// <inheritdoc/>
    public override string Location => Environment.MachineName;

    /// <inheritdoc/>
    public override string StatusMessage => _status;

    /// <summary>Begins.</summary>
    public void Start()
    {
        SetJobState(JobState.Running);
        _running = Task.Run(WorkAsync);
    }

    /// <summary>Ends safely: pre-copies are aborted, post-copies are finished, and this waits for them.</summary>
    public override void StopJob()
    {
        if (JobStateInfo.State is JobState.Running)
        {
            SetJobState(JobState.Stopping);
        }

        _stop.Cancel();
        _running.Wait();
    }

    void IRunOutput.Object(object value) => Output.Add(PSObject.AsPSObject(value));

    void IRunOutput.Error(ErrorRecord error) => Error.Add(error);

    void IRunOutput.Progress(ProgressRecord record) => Progress.Add(record);

    void IRunOutput.Warning(string text) => Warning.Add(new WarningRecord(text));

    void IRunOutput.Information(InformationRecord record) => Information.Add(record);

    void IRunOutput.Verbose(string text) => Verbose.Add(new VerboseRecord(text));

    void IRunListener.OnEvent(MigrationEvent happened) => Locked(() => _presenter.Event(happened));

    void IRunListener.OnProgress(MigrationProgress progress) => Locked(() => _presenter.Progress(progress));

    void IRunListener.OnResult(VMMigrationResult result) => Locked(() =>
    {
        _status = $"{result.VMName}: {result.Outcome}";
        _presenter.Result(result);
    });

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Remove-Job -Force: whoever throws the job away leaves the run as it is.
            _leave.Cancel();
        }

        base.Dispose(disposing);
    }

    private async Task WorkAsync()
    {
        JobState end = JobState.Completed;
        try
        {
            await _work(
                this,
                text => Locked(() => Verbose.Add(new VerboseRecord(text))),
                text => Locked(() => Warning.Add(new WarningRecord(text))),
                _stop.Token,
                _leave.Token);
        }
        catch (MigrationException e)
        {
            Locked(() => Error.Add(ErrorRecords.From(e)));
            end = JobState.Failed;
        }
        catch (OperationCanceledException)
        {
            end = JobState.Stopped;
        }
#pragma warning disable CA1031 // a job that nobody waits on has no other place to show what went wrong
        catch (Exception e)
#pragma warning restore CA1031
        {
            Locked(() => Error.Add(new ErrorRecord(e, "RunFailed", ErrorCategory.NotSpecified, null)));
            end = JobState.Failed;
        }

        Locked(_presenter.Completed);
        SetJobState(_stop.IsCancellationRequested ? JobState.Stopped : end);
    }

    private void Locked(Action write)
    {
        lock (_writing)
        {
            write();
        }
    }
}
