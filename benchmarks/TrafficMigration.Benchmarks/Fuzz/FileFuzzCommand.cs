using System.Diagnostics;
using System.Globalization;
using System.Xml;
using TrafficMigration.Kvm;
using TrafficMigration.Ssh;

namespace TrafficMigration.Benchmarks.Fuzz;

/// <summary>
/// Damages the tests' hostile files and recorded definitions, many times over, and lets the product read them: each is
/// read or refused by the errors that are meant for it, in time, and no damaged known_hosts trusts a key that nobody has.
/// </summary>
/// <remarks>Same seed, same files. A failure prints the number of its file.</remarks>
internal static class FileFuzzCommand
{
    /// <summary>How to call it.</summary>
    public const string Usage = "  fuzz-files TESTS-FOLDER [COUNT] [SEED]";

    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(10);
    private static readonly byte[] StrangersKey = [0, 0, 0, 11, .. "ssh-ed25519"u8, 0, 0, 0, 4, 9, 9, 9, 9];

    /// <summary>Runs it and prints how the files fared.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length is < 1 or > 3)
        {
            Console.Error.WriteLine("usage:\n" + Usage);
            return 2;
        }

        long count = arguments.Length > 1 ? long.Parse(arguments[1], CultureInfo.InvariantCulture) : 100_000;
        int seed = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 1;
        string home = Directory.CreateTempSubdirectory("tm-fuzz-").FullName;
        string ssh = Path.Combine(arguments[0], "TrafficMigration.Ssh.Tests", "Hostile");
        string core = Path.Combine(arguments[0], "TrafficMigration.Core.Tests");
        (string[][] Files, Action<string[]> Read)[] kinds =
        [
            (Lines(Path.Combine(ssh, "known_hosts"), "*"), KnownHostsFile),
            (Lines(Path.Combine(ssh, "ssh_config"), "*"), lines => Config(lines, home)),
            ([.. Lines(Path.Combine(core, "Hostile", "domain"), "*"), .. Lines(Path.Combine(core, "Recorded"), "domain-*.xml")], Definition),
        ];
        TimeSpan slowest = TimeSpan.Zero;
        int refused = 0;
        for (long i = 0; i < count; i++)
        {
            var random = new Random(unchecked((int)(i * 2_654_435_761) ^ seed));
            (string[][] files, Action<string[]> read) = kinds[i % kinds.Length];
            string[] damaged = Mutation.Of(files[random.Next(files.Length)], random);
            var clock = Stopwatch.StartNew();
            try
            {
                read(damaged);
            }
            catch (Exception e) when (e is FormatException or XmlException or OverflowException or MigrationException { ErrorId: nameof(Failures.SshConfigUnusable) })
            {
                refused++;
            }
#pragma warning disable CA1031 // Whatever it is: that it came is the finding.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Console.Error.WriteLine($"file {i} (seed {seed}): {e}\n{string.Join('\n', damaged)}");
                return 1;
            }

            slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
        }

        Directory.Delete(home, recursive: true);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} damaged files: {count - refused} read, {refused} refused, slowest {slowest.TotalMilliseconds:0} ms"));
        return slowest > Hang ? 1 : 0;
    }

    private static string[][] Lines(string folder, string pattern) =>
        [.. Directory.GetFiles(folder, pattern).Order(StringComparer.Ordinal).Select(path => File.ReadAllText(path).Split('\n'))];

    private static void KnownHostsFile(string[] lines)
    {
        if (KnownHosts.FromLines(lines, "file").Judge("kvm1", 22, StrangersKey).Trust == HostKeyTrust.Trusted)
        {
            throw new InvalidOperationException("a key that nobody has was trusted");
        }
    }

    private static void Config(string[] lines, string home)
    {
        string path = Path.Combine(home, "config");
        File.WriteAllBytes(path, System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        _ = Target.WayTo(new HostEndpoint { HostName = "kvm1" }, new SshConfig(path, null, home));
    }

    private static void Definition(string[] lines) => DomainParser.Domains([.. lines.Select(line => " " + line)]);
}
