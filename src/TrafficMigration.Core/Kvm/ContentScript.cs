using System.Globalization;

namespace TrafficMigration.Kvm;

/// <summary>The shell script that looks at a sample of VMs' memory on their host. <see cref="ContentParser"/> reads what it prints.</summary>
/// <remarks>
/// <para>
/// What is read are runs of pages, spread over the guest's memory, of QEMU's own memory (<c>/proc/PID/mem</c>, proc(5);
/// root may). QMP reads memory only into a file that QEMU writes; the human monitor's <c>xp</c> takes ten times as long a
/// page, holds QEMU's main lock meanwhile, and marks the VM as tainted. A page that is not there
/// (<c>/proc/PID/pagemap</c>) is not read: that would bring it back from swap, or make the process larger. Which mappings
/// are the guest's memory is told by their sizes; if the largest ones do not add up to exactly what the guest has, none
/// is read.
/// </para>
/// <para>
/// The sampled pages lie in a directory of mode 700 on a tmpfs while they are hashed and compressed, VM by VM, 64 MiB at
/// most, and are removed whatever happens (but a SIGKILL: then by the next look). Neither they nor their hashes leave
/// the host: what is printed are counts.
/// </para>
/// <para>Needs a POSIX shell, GNU coreutils, diffutils, findutils, grep, awk, virsh; zstd or gzip.</para>
/// </remarks>
internal static class ContentScript
{
    private const string Text =
        """
        export LC_ALL=C
        umask 077
        v() { timeout 15 virsh -q -c "${TM_CONNECT_URI:-qemu:///system}" "$@"; }
        none() { printf '@none %s %s\n' "$1" "$2"; }
        page=$(getconf PAGESIZE)
        run=$((65536 / page))
        work=
        trap '[ -z "$work" ] || rm -rf "$work"' EXIT
        trap 'exit 1' HUP INT TERM PIPE
        for place in /dev/shm /run; do
          [ "$(stat -f -c %T "$place" 2>/dev/null)" = tmpfs ] && [ -w "$place" ] || continue
          find "$place" -maxdepth 1 -name 'trafficmigration-content.*' -user "$(id -u)" -mmin +60 -exec rm -rf {} + 2>/dev/null
          work=$(mktemp -d "$place/trafficmigration-content.XXXXXX") && break
        done
        if command -v zstd >/dev/null; then press='zstd -1 -q -c'; else press='gzip -1 -c'; fi
        zero=$(head -c "$page" /dev/zero | sha256sum | cut -c 1-64)
        # virsh's echo ends no line.
        sizes() {
          commands=; for id in $ids; do commands="$commands echo $id; domstats --balloon --nowait --raw $id;"; done
          v "$commands" 2>/dev/null | awk '
            index($0, "Domain:") == 37 { id = substr($0, 1, 36) }
            /^  balloon\.maximum=[0-9]+$/ { sub(/.*=/, ""); print id, $0 }'
        }
        # Of a command line only the word after -uuid counts: others may have the same UUID in theirs.
        process() {
          while read -r file; do
            if tr '\0' '\n' <"$file" | grep -x -A 1 -e -uuid | grep -x -e "$1" >/dev/null; then file=${file%/cmdline}; echo "${file#/proc/}"; return; fi
          done <"$work/processes"
        }
        # First page and number of pages of the mappings that hold the guest's memory. A thread's stack may lie next to
        # it without a gap, and it may be cut into pieces: mappings are taken as they are, then with their neighbours.
        ram() { mappings "$1" "$2" 0 || mappings "$1" "$2" 1; }
        mappings() {
          awk -v page="$page" -v want="$(($2 * 1024 / page))" -v join="$3" '
            function number(hex,  i, n) { for (i = 1; i <= length(hex); i++) n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1; return n }
            {
              split($1, ends, "-"); from = number(ends[1]) / page; to = number(ends[2]) / page
              kind = $2 " " $4 " " $5
              if (join && n && from == last[n] && kind == kinds[n]) last[n] = to
              else { n++; first[n] = from; last[n] = to; kinds[n] = kind }
            }
            END {
              while (want > 0) {
                best = 0
                for (i = 1; i <= n; i++)
                  if (!taken[i] && kinds[i] ~ /^rw-/ && last[i] - first[i] <= want && (!best || last[i] - first[i] > last[best] - first[best])) best = i
                if (!best) exit 1
                taken[best] = 1; want -= last[best] - first[best]
                lines = lines sprintf("%.0f %.0f\n", first[best], last[best] - first[best])
              }
              printf "%s", lines
            }' "/proc/$1/maps"
        }
        # One run in each of so many parts of equal size. Some awks take all seeds above 2^31 for the same.
        runs() {
          awk -v run="$run" -v seed="$(od -An -N 3 -t u1 /dev/urandom | tr -d ' ')" '
            { first[NR] = $1; pages[NR] = $2; total += $2 }
            END {
              srand(seed)
              n = int(2 * sqrt(total)); if (n > MOSTRUNS) n = MOSTRUNS; if (2 * n * run > total) n = int(total / run / 2)
              for (i = 0; i < n; i++) {
                at = int((i + rand()) * total / n)
                for (r = 1; at >= pages[r]; r++) at -= pages[r]
                at -= at % run
                # A run that lies in two parts is drawn once.
                if (first[r] + at == drawn) continue
                drawn = first[r] + at
                count = pages[r] - at; if (count > run) count = run
                printf "%.0f %d\n", first[r] + at, count
              }
            }' "$work/ram"
        }
        # Bit 63 of a page's entry: it is there; bit 62: it is in swap.
        present() {
          while read -r first count; do
            dd if="/proc/$1/pagemap" iflag=skip_bytes bs=$((8 * count)) skip=$((8 * first)) count=1 status=none
          done <"$work/runs" 2>/dev/null | od -An -v -t x8 -w8 | awk -v runs="$work/runs" -v reads="$work/reads" '
            function flush() { if (n) print start, n >reads; n = 0 }
            {
              if (!left) { flush(); getline line <runs; split(line, f, " "); at = f[1]; left = f[2] }
              state = substr($1, 1, 1)
              if (state ~ /[89a-f]/) { if (!n) start = sprintf("%.0f", at); n++; there++ } else { flush(); if (state ~ /[4567]/) swapped++; else absent++ }
              at++; left--
            }
            END { flush(); print absent + 0, swapped + 0, there + 0 }'
        }
        pages() {
          while read -r first count; do
            dd if="/proc/$1/mem" iflag=skip_bytes bs=$((page * count)) skip=$((page * first)) count=1 status=none
          done <"$work/reads" 2>/dev/null
        }
        # What a run holds twice is counted at once; how often a content comes in different runs is counted over all VMs.
        contents() {
          ( cd "$work/pages" && ls | xargs -r sha256sum ) 2>/dev/null | awk -v vm="$index" -v zero="$zero" -v run="$run" -v reads="$work/reads" -v all="$work/hashes" -v others="$work/others" '
            !left { getline line <reads; split(line, f, " "); at = f[1]; left = f[2] }
            { place = int(at / run); at++; left-- }
            $1 == zero { zeros++; next }
            { filled++; print $2 >others; if (seen[place, $1]++) repeated++; else print $1, vm >>all }
            END { print zeros + 0, filled + 0, repeated + 0 }'
        }
        now() { date +%s%N; }
        # The same pages once more: how many have changed, how many bytes a difference takes, as QEMU's XBZRLE encodes it
        # (what differs, and two lengths before each piece of that; a page that differs too much is sent whole), and how many
        # milliseconds have gone by, from the middle of one reading to that of the other.
        differences() {
          # Nobody would read the pipe.
          command -v cmp >/dev/null || { echo 0 0 0; return; }
          mkfifo "$work/first"
          ( cd "$work/pages" && ls | xargs -r cat >"$work/first" ) 2>/dev/null &
          { begin=$(now); pages "$1"; echo $(((begin + $(now) - $2) / 2000000)) >"$work/between"; } | cmp -l "$work/first" - 2>/dev/null | head -n MOSTBYTES | awk -v page="$page" '
            function flush() { if (n) { pages++; n += 3 * pieces; bytes += n > page ? page : n } n = 0; pieces = 0 }
            BEGIN { last = -1 }
            { at = int(($1 - 1) / page); if (at != last) { flush(); last = at; before = -1 } if ($1 != before + 1) pieces++; n++; before = $1 }
            END { flush(); printf "%d %.0f ", pages, bytes }'
          wait
          # A clock may be set back.
          awk '{ print ($1 > 0 ? $1 : 0) }' "$work/between"
          rm "$work/first" "$work/between"
        }
        look() {
          pid=$(process "$1"); [ -n "$pid" ] || { none "$1" process; return; }
          # In a shell of its own: where : cannot redirect, it ends its shell.
          (: <"/proc/$pid/mem" && : <"/proc/$pid/maps" && : <"/proc/$pid/pagemap") 2>/dev/null || { none "$1" denied; return; }
          ram "$pid" "$2" >"$work/ram" 2>/dev/null || { none "$1" layout; return; }
          runs >"$work/runs"
          mkdir "$work/pages"
          : >"$work/reads"; : >"$work/others"
          states=$(present "$pid")
          begin=$(now)
          pages "$pid" | split -b "$page" -a 5 - "$work/pages/"
          moment=$((begin + $(now)))
          found=$(contents)
          compressed=$(cd "$work/pages" && xargs -r cat <"$work/others" | $press | wc -c)
          changed=$(differences "$pid" "$moment")
          rm -rf "$work/pages"
          printf '@vm %s %s %s %s %s %s %s\n' "$1" "$page" "$(awk '{ n += $2 } END { printf "%.0f", n }' "$work/ram")" "$states" "$found" "$compressed" "$changed"
        }
        # Which VMs have how many copies of a content, and how many contents are spread in this way.
        copies() {
          sort "$work/hashes" | awk '
            function flush(  i, line) { if (n > 1) { for (i = 1; i <= m; i++) line = line " " vms[i] ":" counts[i]; print line } n = 0; m = 0 }
            $1 != hash { flush(); hash = $1 }
            { n++; if (m && vms[m] == $2) counts[m]++; else { vms[++m] = $2; counts[m] = 1 } }
            END { flush() }' | sort | uniq -c | awk '{ $1 = "@copies " $1; print }'
        }
        if [ -z "$work" ]; then
          for id in $ids; do none "$id" tmpfs; done
        else
          sizes >"$work/sizes"
          grep -lzxs -e -uuid /proc/[0-9]*/cmdline >"$work/processes"
          : >"$work/hashes"
          index=0
          for id in $ids; do
            kib=$(sed -n "s/^$id //p" "$work/sizes")
            if [ -n "$kib" ]; then look "$id" "$kib"; else none "$id" libvirt; fi
            index=$((index + 1))
          done
          copies
        fi
        echo @end
        """;

    // 64 MiB of a VM: some two seconds of a slow processor.
    private const int MostRuns = 1024;

    // Differing bytes that are looked at: a thousand whole pages and more, some seconds of a slow processor.
    private const int MostBytes = 4_000_000;

    /// <summary>The command line that looks at VMs' memory; it gives way to all else that wants the processor.</summary>
    /// <param name="ids">libvirt's UUIDs of the VMs.</param>
    public static string For(IReadOnlyList<string> ids)
    {
        string text = Text
            .Replace("MOSTRUNS", MostRuns.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("MOSTBYTES", MostBytes.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return $"nice -n 19 sh -c {ShellText.Quote($"ids={ShellText.Quote(string.Join(' ', ids))}\n{text}")}";
    }
}
