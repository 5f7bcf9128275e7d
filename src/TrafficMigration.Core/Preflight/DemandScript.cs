using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>The second question to a host: how it would meet the demands of VMs that come, and where the paths lie of those that leave. <see cref="HostAbilities"/> reads the answer.</summary>
/// <remarks>Changes nothing; each look at a path has five seconds, for one on a dead NFS server takes for ever.</remarks>
internal static class DemandScript
{
    // As many paths as surely fit into one command (Linux takes arguments of up to 128 KiB, execve(2)).
    private const int BytesOfPaths = 60_000;

    private const string Text =
        """
        identity() {
          for file in "/sys/dev/block/$1/dm/uuid" "/sys/dev/block/$1/wwid" "/sys/dev/block/$1/device/wwid" "/sys/dev/block/$1/../wwid"; do
            cat "$file" 2>/dev/null && return
          done
        }
        # Kind, inode, size, file system, number of the device, then what tells a block device from all others.
        look() {
          seen=$(timeout 5 stat -L -c '%F|%i|%s' -- "$1" 2>&1) || { code=$?; printf '%s\n' "$seen"; return "$code"; }
          device=- size=- id=
          case $seen in
            block*)
              device=$(timeout 5 stat -L -c '0x%t 0x%T' -- "$1"); set -- "$1" $device
              device=$(($2)):$(($3))
              size=$(cat "/sys/dev/block/$device/size"); id=$(identity "$device") ;;
          esac
          printf '%s|%s|%s|%s\n' "$seen" "$(timeout 5 stat -f -c %T -- "$1")" "$size" "$id"
        }
        paths() { for path in "$@"; do part path look "$path"; done; }
        emulator() { part emulator capable "$@"; }
        capable() {
          said=$($virsh domcapabilities --virttype "$1" --arch "$2" --machine "$3" --emulatorbin "$4" 2>&1)
          code=$?
          [ $code -ne 0 ] || said=$(printf '%s\n' "$said" | sed -n '/<tpm /,/<\/tpm>/p')
          printf '%s\n' "$said"
          return $code
        }
        cpu() {
          xml=$1; shift
          part cpu compare "$@"
        }
        compare() {
          case $# in
            0) printf '%s' "$xml" | $virsh cpu-compare /dev/stdin --error ;;
            *) printf '%s' "$xml" | $virsh hypervisor-cpu-compare /dev/stdin --error --virttype "$1" --arch "$2" --machine "$3" --emulator "$4" ;;
          esac
        }

        """;

    /// <summary>The scripts for a host, in an order that <see cref="HostAbilities.Parse"/> expects of their answers.</summary>
    public static IReadOnlyList<string> For(
        IReadOnlyList<string> paths, IReadOnlyList<EmulatorDemand> emulators, IReadOnlyList<CpuDemand> processors)
    {
        var scripts = new List<string>();
        var body = new List<string>();
        body.AddRange(emulators.Select(e => $"emulator {Words(e)}"));
        body.AddRange(processors.Select(c => $"cpu {ShellText.Quote(c.Xml)} {(c.Emulator is null ? "" : Words(c.Emulator))}"));
        int bytes = 0;
        foreach (string line in paths.Select(p => $"paths {ShellText.Quote(p)}"))
        {
            if (bytes + line.Length > BytesOfPaths)
            {
                scripts.Add(Script(body));
                body.Clear();
                bytes = 0;
            }

            body.Add(line);
            bytes += line.Length;
        }

        if (body.Count > 0)
        {
            scripts.Add(Script(body));
        }

        return scripts;
    }

    private static string Words(EmulatorDemand demand) =>
        string.Join(' ', new[] { demand.Type, demand.Arch, demand.Machine, demand.Emulator }.Select(ShellText.Quote));

    private static string Script(List<string> body) =>
        $"sh -c {ShellText.Quote(HostAnswer.Functions + Text + string.Join('\n', body) + "\necho @end\n")}";
}
