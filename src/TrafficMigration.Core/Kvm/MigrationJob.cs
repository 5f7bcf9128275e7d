using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>One migration as the source host runs it: started there, detached from us, and looked at from time to time.</summary>
/// <remarks>
/// The source's own shell runs <c>virsh migrate --p2p</c> and leaves its marks in a private folder, so neither the end
/// of our connection nor the number of sessions that sshd allows touches a migration, and times are the host's.
/// </remarks>
internal sealed class MigrationJob
{
    private readonly ICommandChannel _source;
    private readonly string _id;
    private readonly string _folder;

    private MigrationJob(ICommandChannel source, string id, string folder)
    {
        _source = source;
        _id = id;
        _folder = folder;
    }

    /// <summary>Starts a migration on its source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="vmId">The VM's UUID.</param>
    /// <param name="destination">The destination, by a name that the source resolves.</param>
    /// <param name="address">The destination's address for the memory stream; <see langword="null"/> to go by its name.</param>
    /// <param name="technique">Pre-copy, or post-copy from the start.</param>
    /// <param name="maySwitch">Whether a pre-copy may be switched to post-copy later.</param>
    /// <param name="mebibytesPerSecond">Bandwidth limit of both phases, MiB/s; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Stops waiting for the start.</param>
    public static async Task<MigrationJob> StartAsync(
        ICommandChannel source, string vmId, string destination, string? address, Technique technique, bool maySwitch,
        long? mebibytesPerSecond, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            vmId, $"qemu+ssh://{UriHost(destination)}/system", $"tcp://{UriHost(address ?? destination)}", technique.ToString(),
            mebibytesPerSecond?.ToString(CultureInfo.InvariantCulture) ?? "", maySwitch ? "switch" : "",
        ];
        string command = $"sh -c {ShellText.Quote(StartScript)} sh {ShellText.Quote(RunScript)} "
            + string.Join(' ', arguments.Select(ShellText.Quote));
        CommandResult result = await source.ExecuteAsync(command, cancellationToken);
        return result.ExitCode == 0
            ? new MigrationJob(source, vmId, result.Output.Trim())
            : throw VirshFailure.From(source.HostName, "starting the migration", result);
    }

    /// <summary>Looks at the migration.</summary>
    public async Task<JobObservation> ObserveAsync(CancellationToken cancellationToken)
    {
        CommandResult result = await _source.ExecuteAsync(
            $"sh -c {ShellText.Quote(ObserveScript)} sh {ShellText.Quote(_folder)} {ShellText.Quote(_id)}", cancellationToken);
        return result.ExitCode == 0
            ? JobObservation.Parse(_source.HostName, result.Output)
            : throw VirshFailure.From(_source.HostName, "looking at the migration", result);
    }

    /// <summary>Asks libvirt to end a pre-copy.</summary>
    /// <returns>
    /// Whether libvirt did. It refuses before there is a job to end, and once post-copy has begun, which is what we want.
    /// </returns>
    public async Task<bool> AbortAsync(CancellationToken cancellationToken)
    {
        CommandResult result = await _source.ExecuteAsync(
            $"{DomainQueries.Virsh} domjobabort --domain {ShellText.Quote(_id)}", cancellationToken);
        return result.ExitCode == 0;
    }

    /// <summary>Asks libvirt to switch a running pre-copy to post-copy: from then on there is no way back.</summary>
    /// <returns>Whether libvirt did.</returns>
    public async Task<bool> SwitchAsync(CancellationToken cancellationToken)
    {
        CommandResult result = await _source.ExecuteAsync(
            $"{DomainQueries.Virsh} migrate-postcopy --domain {ShellText.Quote(_id)} && date +%s.%N >{ShellText.Quote(_folder)}/switched",
            cancellationToken);
        return result.ExitCode == 0;
    }

    /// <summary>Removes the marks of an ended migration from the source.</summary>
    public Task ForgetAsync(CancellationToken cancellationToken) =>
        _source.ExecuteAsync($"rm -rf -- {ShellText.Quote(_folder)}", cancellationToken);

    internal static string UriHost(string host) =>
        host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    // Prints the folder and returns; the migration goes on in a session of its own.
    private const string StartScript =
        """
        command -v virsh >/dev/null || exit 127
        folder=$(mktemp -d "${TMPDIR:-/tmp}/trafficmigration.XXXXXXXXXX") || exit
        script=$1; shift
        setsid sh -c "$script" trafficmigration "$folder" "$@" </dev/null >/dev/null 2>&1 &
        printf '%s\n' "$folder"
        """;

    // $1 folder, $2 VM, $3 destination's libvirt, $4 destination's QEMU, $5 technique, $6 MiB/s or nothing, $7 whether a
    // pre-copy may be switched. A limit is set for both phases: post-copy has one of its own, and none by default.
    // The final figures come from the job-completed event: afterwards the source has no VM left to ask.
    // A VM that is defined stays defined, at the destination; a transient one stays transient.
    // Post-copy from the start: the first migration-iteration event says that memory flows, and only from then on
    // QEMU accepts the switch. Asked a moment too early it refuses, hence the loop.
    private const string RunScript =
        """
        export LC_ALL=C
        v() { virsh -q -c qemu:///system "$@"; }
        cd "$1" || exit
        flags= flowing=
        [ -n "$6" ] && flags="--bandwidth $6"
        v dominfo "$2" | grep -q '^Persistent: *yes' && flags="$flags --persistent --undefinesource"
        v event "$2" --event job-completed >completed 2>/dev/null & figures=$!
        if [ "$5" = PostCopy ] || [ -n "$7" ]; then
          flags="$flags --postcopy${6:+ --postcopy-bandwidth $6}"
        fi
        if [ "$5" = PostCopy ]; then
          v event "$2" --event migration-iteration >/dev/null 2>&1 & flowing=$!
        fi
        date +%s.%N >started
        (
          v migrate --live --p2p $flags "$2" "$3" "$4" >said 2>&1; echo $? >code
          date +%s.%N >ended
          kill $flowing 2>/dev/null
        ) & job=$!
        if [ "$5" = PostCopy ]; then
          wait $flowing
          while [ ! -e ended ]; do
            v migrate-postcopy "$2" >/dev/null 2>&1 && { date +%s.%N >switched; break; }
            sleep 0.05
          done
        fi
        wait $job
        [ "$(cat code)" = 0 ] && for i in 1 2 3 4 5 6 7 8 9 10; do [ -s completed ] && break; sleep 0.1; done
        kill $figures 2>/dev/null
        mv code exit
        """;

    private const string ObserveScript =
        """
        export LC_ALL=C
        cd "$1" || exit
        if [ ! -e exit ]; then
          echo @state; timeout 15 virsh -q -c qemu:///system domstate --reason "$2" 2>/dev/null
          echo @job; timeout 15 virsh -q -c qemu:///system domjobinfo "$2" --rawstats 2>/dev/null
        fi
        for mark in started switched ended completed said exit; do
          [ -e "$mark" ] && { echo "@$mark"; cat "$mark"; }
        done
        true
        """;
}
