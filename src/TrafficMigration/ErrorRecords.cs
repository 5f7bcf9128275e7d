using System.Management.Automation;

namespace TrafficMigration.Commands;

/// <summary>Turns our errors into PowerShell's. The one place that knows both.</summary>
internal static class ErrorRecords
{
    /// <param name="exception">The error.</param>
    /// <param name="target">The VM or plan concerned; by default the name of the VM or host.</param>
    public static ErrorRecord From(MigrationException exception, object? target = null) => new(
        exception, exception.ErrorId, Category(exception.Kind), target ?? exception.VMName ?? exception.HostName)
    {
        CategoryInfo = { TargetName = exception.VMName ?? exception.HostName ?? string.Empty },
    };

    private static ErrorCategory Category(FailureKind kind) => kind switch
    {
        FailureKind.Connection => ErrorCategory.ConnectionError,
        FailureKind.Authentication => ErrorCategory.AuthenticationError,
        FailureKind.Security => ErrorCategory.SecurityError,
        FailureKind.Timeout => ErrorCategory.OperationTimeout,
        FailureKind.Permission => ErrorCategory.PermissionDenied,
        FailureKind.NotFound => ErrorCategory.ObjectNotFound,
        FailureKind.InvalidState => ErrorCategory.InvalidOperation,
        FailureKind.InvalidInput => ErrorCategory.InvalidArgument,
        FailureKind.Unavailable => ErrorCategory.ResourceUnavailable,
        FailureKind.Busy => ErrorCategory.ResourceBusy,
        FailureKind.InvalidAnswer => ErrorCategory.InvalidData,
        _ => ErrorCategory.NotSpecified,
    };
}
