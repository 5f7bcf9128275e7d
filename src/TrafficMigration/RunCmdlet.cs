using System.Management.Automation;
using TrafficMigration.Migration;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <summary>A cmdlet that drives a run, in the foreground or as a job.</summary>
public abstract class RunCmdlet : HostCmdlet
{
    /// <summary>The folder of the runs' journals; by default ~/.local/state/trafficmigration.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JournalPath { get; set; }

    /// <summary>Run in the background and return a job at once: Receive-Job gives the results, Stop-Job ends safely as Ctrl+C does.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <summary>The journals.</summary>
    protected private RunStore Store => new(JournalPath ?? RunStore.DefaultFolder);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (JournalPath is not null)
        {
            JournalPath = GetUnresolvedProviderPathFromPSPath(JournalPath);
        }
    }

    /// <summary>Drives a run and shows it.</summary>
    /// <param name="plans">The run's VMs.</param>
    /// <param name="drive">Does the work; takes the runner, a token that stops, and one that leaves everything as it is.</param>
    protected private void Drive(IReadOnlyList<VMMigrationPlan> plans, Func<MigrationRun, CancellationToken, CancellationToken, Task> drive)
    {
        RunStore store = Store;
        if (AsJob)
        {
#pragma warning disable CA2000 // the repository keeps it until Remove-Job
            var job = new MigrationRunJob(MyInvocation.Line.Trim(), plans, (listener, trace, warn, stop, leave) =>
                drive(new MigrationRun(store, (host, token) => ConnectAsync(Endpoint(host), trace, warn, token), listener), stop, leave));
#pragma warning restore CA2000
            JobRepository.Add(job);
            WriteObject(job);
            job.Start();
            return;
        }

        var presenter = new RunPresenter(plans, new CmdletOutput(this), IsInteractive);
        using var leave = new CancellationTokenSource();
        using var interrupts = new SecondInterrupt(() => Tell("Leaving the run as it is ..."), leave.Cancel, StopToken);
        try
        {
            Terminating(() => RunAsync(post =>
            {
                var listener = new Listener(presenter, action => post(action), this);
                return drive(new MigrationRun(store, (host, token) => ConnectAsync(Endpoint(host), token), listener), StopToken, leave.Token);
            }));
        }
        finally
        {
            if (!Stopping)
            {
                presenter.Completed();
            }
        }
    }

    /// <summary>Whether somebody sees progress bars: not in a scheduled script, and not where output goes to a file.</summary>
    private static bool IsInteractive => !Console.IsOutputRedirected && Environment.UserInteractive
        && !Environment.GetCommandLineArgs().Any(a => a.StartsWith("-noni", StringComparison.OrdinalIgnoreCase));

    /// <summary>Says something while the pipeline is being stopped, when it takes no output any more.</summary>
    private void Tell(string text)
    {
        try
        {
            Host?.UI?.WriteWarningLine(PlainText.Lines(text));
        }
#pragma warning disable CA1031 // PSHost is made by anybody: one without a screen may throw whatever it likes
        catch (Exception)
#pragma warning restore CA1031
        {
            // What could not be said here stands in the journal.
        }
    }

    /// <summary>Brings what happens to the pipeline's thread; once the pipeline is being stopped, to the screen.</summary>
    private sealed class Listener(RunPresenter presenter, Action<Action> post, RunCmdlet cmdlet) : IRunListener
    {
        public void OnEvent(MigrationEvent happened) => post(() => presenter.Event(happened));

        public void OnProgress(MigrationProgress progress) => post(() => presenter.Progress(progress));

        public void OnResult(VMMigrationResult result)
        {
            if (cmdlet.StopToken.IsCancellationRequested)
            {
                cmdlet.Tell(result.Error?.Message ?? $"VM '{result.VMName}': {result.Outcome}, from '{result.Source}' to '{result.Destination}'.");
            }

            post(() => presenter.Result(result));
        }
    }

    private sealed class CmdletOutput(RunCmdlet cmdlet) : IRunOutput
    {
        public void Object(object value) => cmdlet.WriteObject(value);

        public void Error(ErrorRecord error) => cmdlet.WriteError(error);

        public void Progress(ProgressRecord record) => cmdlet.WriteProgress(record);

        public void Warning(string text) => cmdlet.WriteWarning(text);

        public void Information(InformationRecord record) => cmdlet.WriteInformation(record);

        public void Verbose(string text) => cmdlet.WriteVerbose(text);
    }

    /// <summary>
    /// Hears of Ctrl+C beside PowerShell, which tells a cmdlet only of the first: the second one, while what the first
    /// asked for is still going on, leaves the run.
    /// </summary>
    private sealed class SecondInterrupt : IDisposable
    {
        private readonly ConsoleCancelEventHandler _handler;

        public SecondInterrupt(Action tell, Action leave, CancellationToken stopping)
        {
            _handler = (_, e) =>
            {
                e.Cancel = true;
                if (stopping.IsCancellationRequested)
                {
                    tell();
                    leave();
                }
            };
            Console.CancelKeyPress += _handler;
        }

        public void Dispose() => Console.CancelKeyPress -= _handler;
    }
}
