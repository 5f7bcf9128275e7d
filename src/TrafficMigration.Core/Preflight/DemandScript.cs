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
        image() { timeout 5 stat -L -c '%s %b %B %Y' -- "$1"; }
        folder() {
          timeout 5 stat -L -c %d -- "$1" && timeout 5 stat -f -c '%S %a' -- "$1" || return
          if [ -w "$1" ]; then echo open; else echo closed; fi
        }
        capable() {
          said=$(v domcapabilities --virttype "$1" --arch "$2" --machine "$3" --emulatorbin "$4" 2>&1)
          code=$?
          [ $code -ne 0 ] || said=$(printf '%s\n' "$said" | sed -n '/<tpm /,/<\/tpm>/p')
          printf '%s\n' "$said"
          return $code
        }
        compare() {
          xml=$1; shift
          case $# in
            0) printf '%s' "$xml" | v cpu-compare /dev/stdin --error ;;
            *) printf '%s' "$xml" | v hypervisor-cpu-compare /dev/stdin --error --virttype "$1" --arch "$2" --machine "$3" --emulator "$4" ;;
          esac
        }

        """;

    /// <summary>The scripts for a host. Their answers come in the order of the questions.</summary>
    /// <param name="nonce">See <see cref="HostAnswer"/>.</param>
    /// <param name="asked">The questions.</param>
    public static IReadOnlyList<string> For(string nonce, HostQuestions asked)
    {
        var scripts = new List<string>();
        var body = new List<string>();
        body.AddRange(asked.Lists.Select(l => $"quiet {l} v {Command(l)}"));
        body.AddRange(asked.Emulators.Select(e => $"part emulator capable {Words(e)}"));
        body.AddRange(asked.Processors.Select(c => $"part cpu compare {ShellText.Quote(c.Xml)} {(c.Emulator is null ? "" : Words(c.Emulator))}"));
        if (asked.Folders.Count > 0)
        {
            body.Add("quiet tool command -v qemu-img");
        }

        int bytes = 0;
        foreach (string line in asked.Paths.Select(p => $"part path look {ShellText.Quote(p)}")
            .Concat(asked.Images.Select(p => $"quiet image image {ShellText.Quote(p)}"))
            .Concat(asked.Folders.Select(p => $"quiet folder folder {ShellText.Quote(p)}")))
        {
            if (bytes + line.Length > BytesOfPaths)
            {
                scripts.Add(HostAnswer.Script(nonce, Text + string.Join('\n', body)));
                body.Clear();
                bytes = 0;
            }

            body.Add(line);
            bytes += line.Length;
        }

        if (body.Count > 0)
        {
            scripts.Add(HostAnswer.Script(nonce, Text + string.Join('\n', body)));
        }

        return scripts;
    }

    private static string Words(EmulatorDemand demand) =>
        string.Join(' ', new[] { demand.Type, demand.Arch, demand.Machine, demand.Emulator }.Select(ShellText.Quote));

    private static string Command(NameList list) => list switch
    {
        NameList.Networks => "net-list --name",
        NameList.Pools => "pool-list --name",
        NameList.Secrets => "secret-list",
        _ => throw new ArgumentOutOfRangeException(nameof(list)),
    };
}
