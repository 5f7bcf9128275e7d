using System.Text.RegularExpressions;

namespace TrafficMigration.Kvm;

/// <summary>Where a VM stands on one host.</summary>
/// <param name="State">libvirt's word for its state: <c>running</c>, <c>paused</c>, <c>shut off</c>; <see langword="null"/> if the host does not have the VM.</param>
/// <param name="Reason">libvirt's reason for the state, for example <c>post-copy</c>.</param>
public sealed record DomainState(string? State, string? Reason)
{
    /// <summary>The host does not have the VM.</summary>
    public static DomainState Absent { get; } = new(null, null);

    /// <summary>The guest is being executed here.</summary>
    public bool IsRunning => State == "running";

    /// <summary>QEMU has a process for it here, running or paused.</summary>
    public bool IsActive => State is not (null or "shut off");

    /// <inheritdoc/>
    public override string ToString() => State is null ? "not there" : Reason is null ? State : $"{State} ({Reason})";
}

/// <summary>Questions about a single VM.</summary>
public static partial class DomainQueries
{
    /// <summary>virsh, with the connection to libvirt named (its default depends on the user) and a limit in time.</summary>
    /// <remarks>A libvirtd that hangs answers nothing for ever; <c>timeout</c> (coreutils) then ends virsh with code 124.</remarks>
    internal const string Virsh = "LC_ALL=C timeout 15 virsh -q -c \"${TM_CONNECT_URI:-qemu:///system}\"";

    /// <summary>Asks for a VM's state.</summary>
    /// <param name="channel">The host.</param>
    /// <param name="vm">The VM's UUID or name.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<DomainState> StateAsync(ICommandChannel channel, string vm, CancellationToken cancellationToken)
    {
        CommandResult result = await channel.ExecuteAsync(
            $"{Virsh} domstate --reason --domain {ShellText.Quote(vm)}", cancellationToken);
        if (result.ExitCode == 0)
        {
            return ParseState(result.Output);
        }

        return IsAbsence(result.Error)
            ? DomainState.Absent
            : throw VirshFailure.From(channel.HostName, $"asking for the state of VM '{vm}'", result);
    }

    /// <summary>Finds a VM's UUID by its name.</summary>
    /// <exception cref="MigrationException"><c>VMNotFound</c> if the host has no such VM.</exception>
    public static async Task<string> IdAsync(ICommandChannel channel, string vmName, CancellationToken cancellationToken)
    {
        CommandResult result = await channel.ExecuteAsync(
            $"{Virsh} domuuid --domain {ShellText.Quote(vmName)}", cancellationToken);
        if (result.ExitCode == 0)
        {
            return result.Output.Trim();
        }

        throw IsAbsence(result.Error)
            ? Failures.VMNotFound(channel.HostName, vmName)
            : VirshFailure.From(channel.HostName, $"looking up VM '{vmName}'", result);
    }

    /// <summary>The names of the VMs that run on a host, in libvirt's order.</summary>
    public static async Task<IReadOnlyList<string>> RunningAsync(ICommandChannel channel, CancellationToken cancellationToken)
    {
        CommandResult result = await channel.ExecuteAsync($"{Virsh} list --name --state-running", cancellationToken);
        return result.ExitCode == 0
            ? result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : throw VirshFailure.From(channel.HostName, "listing the running VMs", result);
    }

    /// <summary>The error for a VM that was asked for and is not among the running ones.</summary>
    public static async Task<MigrationException> WhyNotRunningAsync(
        ICommandChannel channel, string vmName, CancellationToken cancellationToken)
    {
        DomainState state = await StateAsync(channel, vmName, cancellationToken);
        return state.State is null
            ? Failures.VMNotFound(channel.HostName, vmName)
            : Failures.VMNotRunning(channel.HostName, vmName, state.ToString());
    }

    /// <summary>Reads what <c>virsh domstate --reason</c> printed: "running (booted)".</summary>
    internal static DomainState ParseState(string text)
    {
        Match match = StateText().Match(text.Trim());
        return new DomainState(match.Groups["state"].Value, match.Groups["reason"] is { Success: true } r ? r.Value : null);
    }

    /// <summary>Whether virsh says that the host does not have the VM.</summary>
    internal static bool IsAbsence(string said) =>
        said.Contains("failed to get domain", StringComparison.OrdinalIgnoreCase)
        || said.Contains("Domain not found", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^(?<state>[^(]*[^( ])(\s*\((?<reason>.*)\))?$", RegexOptions.Singleline)]
    private static partial Regex StateText();
}
