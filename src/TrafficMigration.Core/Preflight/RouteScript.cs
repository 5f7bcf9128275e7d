using TrafficMigration.Kvm;

namespace TrafficMigration.Preflight;

/// <summary>The question to a source about its way to a destination. <see cref="RouteState"/> reads the answer.</summary>
/// <remarks>
/// <para>
/// The login is tried as libvirt does it for <c>virsh migrate --p2p qemu+ssh://...</c>: by root of the source, without a
/// terminal that could ask (<c>no_tty=1</c>; libvirt, "Remote support"). Another user's keys would prove nothing.
/// </para>
/// <para>
/// Of the memory streams' ports some are tried on which nothing listens, far from those that libvirt gives out first: a
/// connection to a port on which a QEMU waits would be taken for its migration and spoil it. "Refused" shows that the
/// packets came through. Needs bash for /dev/tcp; without it nothing is tried.
/// </para>
/// </remarks>
internal static class RouteScript
{
    // All wait side by side. Each answer is one write of less than a page, so that they do not mix (PIPE_BUF, pipe(7)).
    private const string Text =
        """
        try() {
          what=$1 which=$2; shift 2
          said=$("$@" 2>&1); code=$?
          printf '\n@%s %s %s\n%.2000s\n@%s = %s\n' "$nonce" "$what" "$which" "$said" "$nonce" "$code"
        }
        resolve() { found=$(timeout 10 getent ahosts "$1") || return; printf '%s\n' "$found" | awk '!seen[$1]++ { print $1 }'; }
        login() {
          answer=$(timeout 15 virsh -q -c "$1" capabilities 2>&1) || { code=$?; printf '%s\n' "$answer"; return "$code"; }
          printf '%s\n' "$answer" | sed -n '/<uuid>/{s/.*<uuid>\(.*\)<\/uuid>.*/\1/p;q;}'
        }
        knock() { timeout 4 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2"; }

        """;

    /// <summary>The script for a pair of hosts.</summary>
    /// <param name="nonce">See <see cref="HostAnswer"/>.</param>
    /// <param name="destination">The destination, as the source is to name it.</param>
    /// <param name="addresses">Where the memory is to go.</param>
    /// <param name="ports">The ports to try at each address.</param>
    /// <param name="withLogin">Whether to try libvirt's login.</param>
    public static string For(string nonce, string destination, IReadOnlyList<string> addresses, IReadOnlyList<int> ports, bool withLogin)
    {
        var body = new List<string>();
        if (withLogin)
        {
            body.Add($"try login 0 login {ShellText.Quote($"qemu+ssh://{MigrationJob.UriHost(destination)}/system?no_tty=1")} &");
        }

        for (int i = 0; i < addresses.Count; i++)
        {
            string address = ShellText.Quote(addresses[i]);
            body.Add(FormattableString.Invariant($"try address {i} resolve {address} &"));
            body.AddRange(ports.Select(p => FormattableString.Invariant($"try door {i} knock {address} {p} &")));
        }

        return HostAnswer.Script(nonce, Text + string.Join('\n', body) + "\nwait");
    }
}
