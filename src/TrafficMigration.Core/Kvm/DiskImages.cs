using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>An image that a copied disk needs at the destination before its migration begins.</summary>
/// <param name="Target">The disk's name in the guest's definition: <c>vda</c>.</param>
/// <param name="Path">Its path, the same at both hosts.</param>
/// <param name="Format">Its format: <c>qcow2</c> or <c>raw</c>.</param>
/// <param name="CapacityBytes">Its size as the guest sees it.</param>
/// <param name="Backing">The backing file that it lies on there; <see langword="null"/> for none.</param>
internal sealed record DiskImage(string Target, string Path, string Format, long CapacityBytes, BackingFile? Backing);

/// <summary>The images of one migration at its destination: made, and kept or removed again. Every command may be repeated.</summary>
/// <remarks>
/// <para>
/// An image is made under a name with the job's own in it, and then linked to the path that it is to have, which fails
/// where anything is there already. The second name stays as long as the migration runs: a file at that path is ours if,
/// and only if, both names are one file. So nothing of anybody else's is overwritten or removed, whatever breaks and
/// whenever, and a restart of the host does not lose what is ours.
/// </para>
/// <para>Needs coreutils and a file system with hard links there. libvirt gives the file to QEMU's user itself.</para>
/// </remarks>
/// <param name="host">The destination.</param>
/// <param name="job">The job's name, unique for all times; letters, digits and hyphens.</param>
internal sealed class DiskImages(RemoteShell host, string job)
{
    /// <summary>Exit code: something is at the path already.</summary>
    public const int Exists = 75;

    private const string Make =
        """
        export LC_ALL=C
        command -v qemu-img >/dev/null || { echo 'qemu-img: not found' >&2; exit 127; }
        job=$1; shift
        while [ $# -ge 5 ]; do
          ours=$1.trafficmigration-$job
          if [ ! "$1" -ef "$ours" ]; then
            if [ -e "$1" ] || [ -L "$1" ]; then printf '%s\n' "$1" >&2; exit 75; fi
            rm -f -- "$ours"
            if [ -n "$4" ]; then
              qemu-img create -q -f "$2" -b "$4" -F "$5" -- "$ours" "$3" >&2 || exit 1
            else
              qemu-img create -q -f "$2" -- "$ours" "$3" >&2 || exit 1
            fi
            ln -T -- "$ours" "$1" || exit 1
          fi
          shift 5
        done
        """;

    private const string Keep =
        """
        export LC_ALL=C
        job=$1; shift
        for path; do
          stat -L -c '%b %B' -- "$path"
          rm -f -- "$path.trafficmigration-$job" || failed=1
        done
        [ -z "$failed" ]
        """;

    private const string Discard =
        """
        export LC_ALL=C
        job=$1; shift
        for path; do
          ours=$path.trafficmigration-$job
          if [ "$path" -ef "$ours" ]; then
            stat -L -c '%b %B' -- "$path"
            rm -f -- "$path" || { failed=1; continue; }
          fi
          rm -f -- "$ours" || failed=1
        done
        [ -z "$failed" ]
        """;

    /// <summary>Makes the images; those that an earlier life of the run has made stay.</summary>
    /// <returns>What the host said: 0, <see cref="Exists"/> with the path, 127 without qemu-img, or what failed.</returns>
    /// <exception cref="MigrationException">The host's own.</exception>
    public Task<CommandResult> MakeAsync(IEnumerable<DiskImage> images, CancellationToken cancellationToken) => RunAsync(
        Make,
        images.SelectMany(i => (string[])[i.Path, i.Format, i.CapacityBytes.ToString(CultureInfo.InvariantCulture), i.Backing?.Path ?? "", i.Backing?.Format ?? "raw"]),
        cancellationToken);

    /// <summary>Lets the images be the VM's own. Prints what each takes up: blocks and their size.</summary>
    /// <exception cref="MigrationException">The host's own.</exception>
    public Task<CommandResult> KeepAsync(IEnumerable<string> paths, CancellationToken cancellationToken) => RunAsync(Keep, paths, cancellationToken);

    /// <summary>Removes those images that are ours. Prints what each took up.</summary>
    /// <exception cref="MigrationException">The host's own.</exception>
    public Task<CommandResult> DiscardAsync(IEnumerable<string> paths, CancellationToken cancellationToken) => RunAsync(Discard, paths, cancellationToken);

    private Task<CommandResult> RunAsync(string script, IEnumerable<string> arguments, CancellationToken cancellationToken) => host.ExecuteAsync(
        $"sh -c {ShellText.Quote(script)} sh {string.Join(' ', arguments.Prepend(job).Select(ShellText.Quote))}", cancellationToken);
}
