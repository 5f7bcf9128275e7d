using System.Diagnostics;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>
/// A cloud that a script can speak to: a program openstack, first on the path, which keeps what it was told and moves
/// servers in its own files. What it was told is kept word by word.
/// </summary>
internal sealed class FakeOpenStack : IDisposable
{
    private const char WordEnd = '\u001F';
    private const char CallEnd = '\u001E';

    // A migration lasts four looks. Where Nova is slow, that it runs shows at the second question only.
    private const string Program = """
        #!/bin/sh
        record=
        for word in "$@"; do record="$record$word$(printf '\037')"; done
        printf '%s\036' "$record" >> "$CLOUD/calls"
        for last in "$@"; do :; done
        place() { printf '%s/%s' "$CLOUD" "$(printf '%s' "$1" | cksum | tr ' ' -)"; }
        case "$3 $4 $5" in
            'server show -f')
                server=$(place "$last")
                [ -f "$server.host" ] || exit 1
                if [ "$8" = status ]; then
                    if [ -f "$server.going" ]; then
                        echo MIGRATING
                        printf x >> "$server.looks"
                        [ "$(wc -c < "$server.looks")" -lt 4 ] || mv "$server.going" "$server.host"
                    else
                        echo ACTIVE
                    fi
                else
                    cat "$server.host"
                fi ;;
            'server migrate --live-migration')
                server=$(place "$last")
                [ ! -f "$server.refused" ] || exit 1
                printf '%s' "$7" > "$server.going" ;;
            'server migration list') server=$(place "$7"); if [ -f "$server.slow" ]; then rm "$server.slow"; else echo 7; fi ;;
            'server migration force') [ -f "$(place "$7").going" ] ;;
            *) exit 9 ;;
        esac
        """;

    public FakeOpenStack()
    {
        File.WriteAllText(Path.Combine(Folder, "openstack"), Program);
        Run("chmod u+x openstack");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("trafficmigration-openstack-").FullName;

    /// <summary>Puts a server on a host.</summary>
    /// <param name="server">Its name or UUID.</param>
    /// <param name="host">The host.</param>
    /// <param name="mark"><c>refused</c> where Nova will refuse to migrate it, <c>slow</c> where it is slow.</param>
    public void Put(string server, string host, string? mark = null)
    {
        string place = Path.Combine(Folder, Run("printf %s \"$1\" | cksum | tr ' ' -", server).Said.Trim());
        File.WriteAllText(place + ".host", host);
        if (mark is not null)
        {
            File.WriteAllText($"{place}.{mark}", "");
        }
    }

    /// <summary>Runs a script as a user would, with its words.</summary>
    public (int ExitCode, string Said) Run(string script, params string[] words) => Run(script, permitted: true, words);

    public (int ExitCode, string Said) Run(string script, bool permitted, params string[] words)
    {
        var start = new ProcessStartInfo("sh", ["-c", script, "sh", .. words]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        start.Environment["CLOUD"] = Folder;
        start.Environment["PATH"] = $"{Folder}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["LOOK_SECONDS"] = "0";
        start.Environment["NOVA_POST_COPY"] = permitted ? "permitted" : "";
        using var shell = Process.Start(start)!;
        Task<string> errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string said = shell.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        shell.WaitForExit();
        return (shell.ExitCode, said);
    }

    /// <summary>All calls so far, each with its words after the microversion, and forgets them.</summary>
    public IReadOnlyList<string[]> Calls()
    {
        string file = Path.Combine(Folder, "calls");
        string all = File.Exists(file) ? File.ReadAllText(file) : "";
        File.Delete(file);
        string[][] calls = [.. all.Split(CallEnd, StringSplitOptions.RemoveEmptyEntries).Select(c => c.Split(WordEnd)[..^1])];
        Assert.All(calls, c => Assert.Equal(["--os-compute-api-version", "2.30"], c[..2]));
        return [.. calls.Select(c => c[2..])];
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
