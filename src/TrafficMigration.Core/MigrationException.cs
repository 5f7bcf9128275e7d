namespace TrafficMigration;

/// <summary>What kind of trouble an error is; the cmdlets turn it into PowerShell's error category.</summary>
public enum FailureKind
{
    /// <summary>The host cannot be reached, or the connection ended.</summary>
    Connection,

    /// <summary>The host refused the login.</summary>
    Authentication,

    /// <summary>The host is not who it claims to be, or this cannot be known.</summary>
    Security,

    /// <summary>Something did not happen in the time that it had.</summary>
    Timeout,

    /// <summary>The user may not do this on the host.</summary>
    Permission,

    /// <summary>A host, VM or file does not exist.</summary>
    NotFound,

    /// <summary>The thing exists but is in a state in which the wish makes no sense.</summary>
    InvalidState,

    /// <summary>A parameter or an input object cannot be used.</summary>
    InvalidInput,

    /// <summary>A service on the host does not run, or the host lacks room.</summary>
    Unavailable,

    /// <summary>Somebody else has it just now.</summary>
    Busy,

    /// <summary>A host answered with something that cannot be understood.</summary>
    InvalidAnswer,

    /// <summary>The operation was tried and failed.</summary>
    Failed,
}

/// <summary>
/// An error that a user is meant to act on: which host and VM, what was tried, what is true now, what to do next.
/// Made only by <see cref="Failures"/>.
/// </summary>
public sealed class MigrationException : Exception
{
    internal MigrationException(
        string errorId, FailureKind kind, string message, string? hostName, string? vmName, Exception? innerException)
        // Names, and what hosts said, are others' words.
        : base(PlainText.OneLine(message), innerException)
    {
        ErrorId = errorId;
        Kind = kind;
        HostName = hostName;
        VMName = vmName;
    }

    /// <summary>Stable identifier, for example <c>HostKeyMismatch</c>.</summary>
    public string ErrorId { get; }

    /// <summary>The kind of trouble.</summary>
    public FailureKind Kind { get; }

    /// <summary>The host concerned, if one is.</summary>
    public string? HostName { get; }

    /// <summary>The VM concerned, if one is.</summary>
    public string? VMName { get; }
}
