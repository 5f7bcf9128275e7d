using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>Where a run's results and signs of life go: a cmdlet's streams or a job's.</summary>
internal interface IRunOutput
{
    /// <summary>Writes a result.</summary>
    void Object(object value);

    /// <summary>Writes an error that ends nothing.</summary>
    void Error(ErrorRecord error);

    /// <summary>Shows a progress bar.</summary>
    void Progress(ProgressRecord record);

    /// <summary>Writes a warning.</summary>
    void Warning(string text);

    /// <summary>Writes what a site may want in its log.</summary>
    void Information(InformationRecord record);

    /// <summary>Writes a remote command.</summary>
    void Verbose(string text);
}
