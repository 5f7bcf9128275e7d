namespace TrafficMigration.Kvm;

/// <summary>Tells from what a shell or virsh printed which error it was.</summary>
internal static class VirshFailure
{
    /// <param name="host">The host that answered.</param>
    /// <param name="tried">What was tried, as a phrase: "reading the VMs' traffic".</param>
    /// <param name="result">The answer, with a non-zero exit code. Messages are English: commands run with LC_ALL=C.</param>
    public static MigrationException From(string host, string tried, CommandResult result)
    {
        string said = result.Error.Trim().Length > 0 ? result.Error : result.Output;
        bool Says(params string[] phrases) => phrases.Any(p => said.Contains(p, StringComparison.OrdinalIgnoreCase));
        if (result.ExitCode == 127 || Says("virsh: not found", "virsh: command not found"))
        {
            return Failures.LibvirtMissing(host);
        }

        // timeout(1) says so when the command did not end.
        if (result.ExitCode == 124)
        {
            return Failures.LibvirtUnavailable(host, "virsh got no answer from it within 15 s");
        }

        // "Permission denied" on the socket also reads "failed to connect": so permission is asked first.
        if (Says("permission denied", "authentication unavailable", "access denied", "authentication failed", "polkit"))
        {
            return Failures.LibvirtAccessDenied(host, said);
        }

        if (Says("failed to connect to the hypervisor", "failed to connect socket", "cannot recv data"))
        {
            return Failures.LibvirtUnavailable(host, said);
        }

        return Failures.CommandFailed(host, tried, result.ExitCode, said);
    }
}
