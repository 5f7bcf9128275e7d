namespace TrafficMigration.Kvm.Offline;

/// <summary>How files cross from one host to another: in blocks of 64 KiB, only those that the destination does not have.</summary>
/// <remarks>
/// <para>
/// The source tells the SHA-256 of each block; the destination answers which it wants; these cross as one compressed
/// stream. The destination takes the others out of what it has: an older copy of the file, files that the user names, and
/// what has just come with another file of the group. In the end it reads the whole file and compares all hashes. Blocks of
/// zeros stay holes.
/// </para>
/// <para>
/// Of the hosts this needs a POSIX shell, coreutils, awk, cmp and ssh, and zstd or gzip where both have it. A process a
/// block would do 30 MB/s. So <c>split</c> lays 64 MiB at a time into memory, and one <c>sha256sum</c> reads all of it.
/// </para>
/// </remarks>
internal static class BlockScripts
{
    // $room is a folder in memory of its own for each process.
    private const string Lists =
        """
        make_room() {
          room=$(mktemp -d /dev/shm/trafficmigration.XXXXXX 2>/dev/null) || room=$(mktemp -d) || exit
          trap 'rm -rf -- "$room"' EXIT
          trap 'exit 143' HUP INT TERM
          zero=$(head -c 65536 /dev/zero | sha256sum | cut -c 1-64)
        }
        # list FILE: a line a block, its SHA-256, or 0 for one of zeros.
        list() {
          size=$(stat -L -c %s -- "$1") || return
          at=0
          while [ "$at" -lt "$size" ]; do
            n=$((size - at)); [ "$n" -le 67108864 ] || n=67108864
            # Holes are read quickly, and never written.
            if cmp -s -i "$at:0" -n "$n" -- "$1" /dev/zero; then
              yes 0 | head -n $(((n + 65535) / 65536))
            else
              rm -rf -- "${room:?}/blocks" && mkdir "$room/blocks" || return
              dd if="$1" bs=1M skip=$((at / 1048576)) count=64 2>/dev/null | (cd "$room/blocks" && split -b 65536 -a 4 -d - x) || return
              (cd "$room/blocks" && sha256sum -- x* | cut -c 1-64 | sed "s/^$zero\$/0/") || return
            fi
            at=$((at + 67108864))
          done
        }
        """ + "\n";

    // What the destination does. $1 what, $2 folder of the run, $3 end of the names of files that are not whole yet,
    // $4 number of the item, then what it needs.
    /// <summary>What the source has the destination do, over ssh.</summary>
    public const string There =
        """
        export LC_ALL=C
        umask 077
        do=$1 folder=$2 end=$3 item=$4
        mkdir -p "$folder" && cd "$folder" || exit
        echo $$ >"$item.$do.pid"
        """ + "\n" + Lists +
        """
        make_room
        trap 'rm -rf -- "$room"; rm -f -- "$folder/$item.$do.pid"' EXIT
        # know FILE NUMBER: its blocks can be taken from now on.
        know() {
          printf '%s' "$1" >"$2.from"
          list "$1" >"$2.blocks" || return
          awk -v n="$2" '$1 != "0" { print $1, n, FNR - 1 }' "$2.blocks" >>known
        }
        # place NUMBER: sets from to where its blocks are. Of an older copy that is not what is being made of it.
        place() {
          from=$(cat "$1.from"; echo /); from=${from%/}
          case $1 in old*|base*) ;; *) [ ! -e "$from$end" ] || from=$from$end ;; esac
        }
        case $do in
          # Files whose blocks may be taken. $5.. paths
          base)
            shift 4; n=0
            for file; do [ -f "$file" ] && know "$file" "base$n" || exit; n=$((n + 1)); done ;;
          # $5 path, $6 size, $7 r where it is only read, $8 whether an old one is replaced, $9 program that unpacks; the list comes in, what is wanted goes out.
          want)
            path=$5
            $9 >"$item.list" || exit
            [ -e known ] || : >known
            # Whole already: by an earlier life of the run, or a file that is only read and is there anyway.
            if [ -e "$item.whole" ]; then echo whole; exit; fi
            if [ -e "$path" ] && [ "$7" = r ]; then
              list "$path" | cmp -s - "$item.list" || { echo "'$path' is there already, and is another file" >&2; exit 1; }
              printf '%s' "$path" >"$item.from"
              awk -v n="$item" '$1 != "0" { print $1, n, FNR - 1 }' "$item.list" >>known
              echo whole; exit
            fi
            if [ -e "$path" ]; then
              [ -n "$8" ] || { echo "'$path' is there already" >&2; exit 1; }
              know "$path" "old$item" || exit
            fi
            (umask 022; mkdir -p -- "${path%/*}")
            rm -f -- "$path$end"
            : >"$path$end" && truncate -s "$6" -- "$path$end" || exit
            printf '%s' "$path" >"$item.from"
            # Runs of blocks: W first count, or L first count file first-there. Of blocks that come twice, the second is taken from the first.
            awk -v me="$item" '
              function out() { if (n) print kind, first, n, from, there }
              FILENAME == ARGV[1] { if (!($1 in where)) where[$1] = $2 " " $3; next }
              {
                b = FNR - 1; k = "Z"; f = ""; t = ""
                if ($1 != "0") {
                  if ($1 in where) { split(where[$1], w, " "); k = "L"; f = w[1]; t = w[2] }
                  else { k = "W"; where[$1] = me " " b }
                }
                if (n && k == kind && f == from && (k != "L" || t == there + n)) n++
                else { out(); kind = k; first = b; n = 1; from = f; there = t }
              }
              END { out() }' known "$item.list" >"$item.plan" || exit
            grep '^W' "$item.plan" | cut -d ' ' -f 2,3
            echo end ;;
          # $5 program that unpacks, $6 owner, $7 mode; the wanted blocks come in, in the order of the file.
          take)
            place "$item"; file=$from
            grep '^W' "$item.plan" >"$item.w"
            $5 | {
              while read -r _ first n _; do
                [ -e "$file" ] && dd of="$file" bs=65536 seek="$first" count="$n" iflag=fullblock conv=notrunc 2>/dev/null <&3 || exit
              done <"$item.w"
            } 3<&0 || exit
            grep '^L' "$item.plan" >"$item.l"
            while read -r _ first n number there; do
              place "$number"
              [ -e "$file" ] && dd if="$from" of="$file" bs=65536 skip="$there" seek="$first" count="$n" conv=notrunc 2>/dev/null || exit
            done <"$item.l"
            list "$file" | cmp -s - "$item.list" || { echo "'$file' is not what was sent" >&2; exit 1; }
            chown -- "$6" "$file" 2>/dev/null; chmod -- "$7" "$file"
            sync -- "$file" 2>/dev/null
            awk -v n="$item" '$1 != "0" { print $1, n, FNR - 1 }' "$item.list" >>known
            : >"$item.whole" ;;
        esac
        """;

    /// <summary>
    /// A job at the source. $2 folder of the run, $3 end of the names of files that are not whole yet, $4 destination's name,
    /// $5 its address or nothing, $6 <see cref="There"/>, $7 whether old files are replaced, $8 numbers of the VMs, $9 how many
    /// files follow whose blocks the destination may take; then these, then three for each item: number, w or r, path.
    /// </summary>
    public const string Copy = OfflineScripts.Common + Lists +
        """
        there() { ssh -o BatchMode=yes -o ConnectTimeout=15 -o ControlMaster=auto -o ControlPersist=30 -S "$marks/ssh" ${address:+-o "HostName=$address" -o "HostKeyAlias=$name"} "$name" "$1"; }
        quote() { printf "'"; printf '%s' "$1" | sed "s/'/'\\\\''/g"; printf "'"; }
        # Asked of the destination: $1 what, $2 item, then its arguments.
        ask() {
          words="$(quote "$1") $(quote "$folder") $(quote "$end") $(quote "$2")"; shift 2
          for word; do words="$words $(quote "$word")"; done
          there "exec sh -c $script sh $words"
        }
        count() { awk '/ copied/ { n = $1 } END { printf "%.0f\n", n }' "$marks/count"; }
        send() { # ITEM MODE PATH
          size=$(stat -L -c %s -- "$3") && list "$3" >"$folder/$1.list" || return
          filled=$(grep -c -v '^0$' "$folder/$1.list")
          $pack <"$folder/$1.list" | dd bs=65536 2>"$marks/count" | ask want "$1" "$3" "$size" "$2" "$replace" "$unpack" >"$folder/$1.want" || return
          sent=$(count) blocks=0
          case $(tail -n 1 "$folder/$1.want") in
            whole) ;;
            end)
              blocks=$(awk '$1 != "end" { n += $2 } END { printf "%.0f\n", n }' "$folder/$1.want")
              # A process that fails in the middle of a pipe shows at the other end: blocks are missing there.
              while read -r first n; do
                [ "$first" = end ] || dd if="$3" bs=65536 skip="$first" count="$n" 2>/dev/null
              done <"$folder/$1.want" | $pack | dd bs=65536 2>"$marks/count" |
                ask take "$1" "$unpack" "$(stat -L -c %U:%G -- "$3")" "$(stat -L -c %a -- "$3")" || return
              sent=$((sent + $(count))) ;;
            *) echo "the destination did not say which blocks of '$3' it wants" >&2; return 1 ;;
          esac
          echo "$1 $size $filled $blocks $sent" >>"$marks/sent"
        }
        work() {
          marks=$1 folder=$2 end=$3 name=$4 address=$5 script=$(quote "$6") replace=$7 vms=$8 known=$9
          shift 9
          make_room
          : >"$marks/sent"
          # One connection for all that follows, without a prompt, as libvirt's own.
          there true </dev/null || return
          for pack in zstd gzip cat; do
            command -v "$pack" >/dev/null && there "command -v $pack" >/dev/null </dev/null && break
          done
          case $pack in zstd) pack='zstd -q -1 -c -T0' unpack='zstd -q -d -c' ;; gzip) pack='gzip -1 -c' unpack='gzip -d -c' ;; cat) unpack=cat ;; esac
          n=$known given=
          while [ "$n" -gt 0 ]; do given="$given $(quote "$1")"; shift; n=$((n - 1)); done
          [ "$known" = 0 ] || eval "ask base 0 $given" </dev/null || return
          # What is known of the VMs, as one script: a connection for each would take longer.
          for vm in $vms; do
            for part in was xml persistent autostart; do
              [ -e "$folder/$vm.$part" ] || continue
              printf "cat >'%s' <<'%s'\n" "$vm.$part" "end of $folder"
              cat "$folder/$vm.$part"
              printf '\n%s\n' "end of $folder"
            done
          done >"$room/kept"
          there "umask 077; mkdir -p $(quote "$folder") && cd $(quote "$folder") && exec sh" <"$room/kept" || return
          while [ $# -gt 0 ]; do
            send "$1" "$2" "$3" || return
            shift 3
          done
          ssh -S "$marks/ssh" -O exit "$name" 2>/dev/null
          true
        }
        """ + OfflineScripts.Job;

    /// <summary>
    /// At the destination: gives the whole files their names. $1 folder, $2 end, $3 whether old files are replaced; then number and path for each item.
    /// Nothing is overwritten: an old file keeps its content under another name until the group runs.
    /// </summary>
    public const string Place =
        """
        folder=$1 end=$2 replace=$3; shift 3
        cd "$folder" || exit
        while [ $# -gt 0 ]; do
          if [ -e "$2$end" ]; then
            : >"$1.placing"
            if [ -e "$2" ]; then
              [ -n "$replace" ] || { echo "'$2' is there already" >&2; exit 1; }
              mv -n -- "$2" "$2$end.old" && [ ! -e "$2" ] || { echo "'$2' cannot be set aside" >&2; exit 1; }
            fi
            mv -n -- "$2$end" "$2" && [ ! -e "$2$end" ] || { echo "'$2' cannot be made" >&2; exit 1; }
          fi
          shift 2
        done
        """;

    /// <summary>At the destination: takes back all that was made. $1 folder, $2 end, then number and path for each item.</summary>
    public const string Unplace =
        """
        folder=$1 end=$2; shift 2
        cd "$folder" 2>/dev/null || exit 0
        # What a copy that was ended has left running here: it must not make anything any more.
        for i in 1 2 3 4 5 6 7 8 9 10; do
          alive=
          for file in *.pid; do
            [ -e "$file" ] && pid=$(cat "$file") && kill "$pid" 2>/dev/null && alive=yes
          done
          [ -n "$alive" ] || break
          sleep 0.2
        done
        while [ $# -gt 0 ]; do
          if [ -e "$2$end" ]; then rm -f -- "$2$end" || exit
          elif [ -e "$1.placing" ] && [ -e "$2" ]; then rm -f -- "$2" || exit
          fi
          if [ -e "$2$end.old" ]; then mv -n -- "$2$end.old" "$2" && [ ! -e "$2$end.old" ] || exit; fi
          rm -f -- "$1.placing"
          shift 2
        done
        """;

    /// <summary>At the destination, once the group runs: removes the old files. $1 end, then the paths.</summary>
    public const string Tidy =
        """
        end=$1; shift
        for path; do rm -f -- "$path$end.old" || exit; done
        """;
}
