using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CsCheck;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Names of VMs, and whatever hosts say: what the shell, the journal and the terminal get of them.</summary>
public sealed class HostileNameTests
{
    private static readonly Gen<string> Name = Gen.OneOf(
        ExportedPlans.HostileName, Gen.String[1, 10], Gen.Char["\u001b\u009b\u0007\b\r\n\t[]0;2JmHa\u202e\u2066\u2028\u0085"].Array[1, 10].Select(letters => new string(letters)));

    [Fact]
    public async Task Real_shells_read_every_name_back_and_run_nothing_of_it()
    {
        // One shell for all of them: they are the words of one command.
        string[] names = [.. ExportedPlans.HostileNames, "--", "-n", "-e \\x41", "\\c", "!!", "$'\\n'", "'", "''", "'; touch x; '", "%s%n", "\u001b[2J", new string('x', 50_000)];
        string command = $"printf '%s\\0' {string.Join(' ', names.Select(ShellText.Quote))}";
        foreach (string shell in (string[])["sh", "bash"])
        {
            using var process = Process.Start(new ProcessStartInfo(shell, ["-c", command]) { RedirectStandardOutput = true, StandardOutputEncoding = new UTF8Encoding(false) })!;
            string said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.Equal(names, said.TrimEnd('\0').Split('\0'));
        }
    }

    [Fact]
    public void A_journal_gives_every_name_back_and_no_name_begins_a_line_of_it() => Name.Where(Export.ExportText.IsText).Sample(
        name =>
        {
            var entry = new JournalEntry
            {
                Event = new MigrationEvent { Time = DateTimeOffset.UnixEpoch, RunId = "run", Kind = MigrationEventKind.Trouble, VMName = name, Text = name },
            };
            string line = JsonSerializer.Serialize(entry, Journal.Format);

            Assert.DoesNotContain(line, char.IsControl);
            MigrationEvent read = JsonSerializer.Deserialize<JournalEntry>(line, Journal.Format)!.Event;
            Assert.Equal((name, name), (read.VMName, read.Text));
        },
        iter: 2_000);

    [Fact]
    public void What_a_host_says_and_what_VMs_are_called_does_not_command_the_terminal() => Name.Sample(
        said =>
        {
            MigrationException[] failures =
            [
                Failures.CommandFailed(said, said, 1, said), Failures.LibvirtUnavailable("kvm1", said), Failures.HostUnreachable("kvm1", 22, said),
                Failures.HostKeyUnknown("kvm1", 22, said, said, said), Failures.HostCertificateInvalid("kvm1", said, said, said, said, 1),
                Failures.OnTheWay("kvm1", said, Failures.HostNotFound(said)), Failures.WishUnknownVM(said), SampledFrom(said),
                Failures.Kept("MigrationFailed", said, "kvm1", said),
            ];
            Assert.All(failures, failure => AssertShown(failure.Message));
            AssertShown(new MigrationEvent { Time = DateTimeOffset.UnixEpoch, RunId = "run", Kind = MigrationEventKind.Trouble, VMName = said, Text = said }.ToString());
            AssertShown(PlainText.Lines(said).Replace("\n", "", StringComparison.Ordinal).Replace("\t", "", StringComparison.Ordinal));
        },
        iter: 500);

    [Fact]
    public void What_people_can_read_is_shown_as_it_is()
    {
        const string Text = "it's \"a\" $(x); ü 数据库 😀 é %s <b> \\";
        Assert.Equal(Text, PlainText.OneLine(Text));
        Assert.Equal("a\n\tb", PlainText.Lines("a\n\tb"));
        Assert.Contains(Text, Failures.WishUnknownVM(Text).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_says_megabytes_gets_a_short_error() =>
        Assert.InRange(Failures.CommandFailed("kvm1", "x", 1, new string('x', 5 << 20)).Message.Length, 1_000, 3_000);

    private static MigrationException SampledFrom(string said) =>
        Assert.Throws<MigrationException>(() => SamplerReader.Parse("kvm1", [$"@sample {said}"]));

    private static void AssertShown(string text)
    {
        Assert.DoesNotContain(text, c => char.IsControl(c) || c is (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069'));
    }
}
