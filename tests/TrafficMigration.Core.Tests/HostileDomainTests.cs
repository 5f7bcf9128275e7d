using System.Xml;
using CsCheck;
using TrafficMigration.Kvm;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Definitions of VMs, written by whoever may define a VM on a host: they are read or refused, and nothing else happens.</summary>
public sealed class HostileDomainTests
{
    private static readonly string[] Recorded =
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Recorded"), "domain-*.xml").Order(StringComparer.Ordinal).Select(File.ReadAllText)];

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Hostile", "domain")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_hostile_definition_is_read_for_what_it_says_or_refused(string name)
    {
        IReadOnlyList<DomainFacts>? read = Read(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Hostile", "domain", name)));

        Assert.Equal(name.EndsWith("-read", StringComparison.Ordinal), read is not null);
        if (read is not null)
        {
            Assert.Equal("db01343c-f828-4c5e-b2cf-f775e93e8ee5", Assert.Single(read).Id);
            Assert.DoesNotContain("root:", $"{read[0]}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Any_damage_to_what_a_real_libvirt_said_is_read_or_refused() => Gen.Select(
        Gen.Int[0, Recorded.Length - 1], Gen.Double[0, 1], Gen.Int[0, 60],
        Gen.OneOf(
            Gen.String[0, 8],
            Gen.OneOf("<", ">", "/>", "</domain>", "\n</domain>\n", "<![CDATA[", "]]>", "<!--", "<!DOCTYPE d [<!ENTITY e 'x'>]>", "&e;", "&#0;", "&#xD800;", "xmlns='u'", "<domain ", "'", "99999999999999999999", "-1")))
        .Sample(
            (which, where, length, insertion) =>
            {
                string xml = Recorded[which];
                int at = (int)(where * (xml.Length - 1));
                _ = Read(xml.Remove(at, Math.Min(length, xml.Length - at)).Insert(at, insertion));
            },
            iter: 3_000);

    [Theory]
    [InlineData("deep")]
    [InlineData("wide")]
    [InlineData("attributes")]
    [InlineData("attribute")]
    [InlineData("text")]
    public async Task A_definition_of_megabytes_costs_a_few_times_its_size_and_never_the_process(string what)
    {
        const int Many = 20_000;
        const int Deep = 150_000;
        string content = what switch
        {
            "deep" => string.Concat(Enumerable.Repeat("<a>", Deep)) + string.Concat(Enumerable.Repeat("</a>", Deep)),
            "wide" => string.Concat(Enumerable.Repeat("<disk><source file='x'/></disk>", Many)),
            "attributes" => $"<a {string.Concat(Enumerable.Range(0, Many).Select(i => $"a{i}='' "))}/>",
            "attribute" => $"<interface><target dev='{new string('x', 100 * Many)}'/></interface>",
            _ => new string('x', 100 * Many),
        };
        string xml = Recorded[0].Replace("<devices>", $"<devices>{content}", StringComparison.Ordinal);

        (IReadOnlyList<DomainFacts>? read, long bytes) = await Task.Run(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            return (Read(xml), GC.GetAllocatedBytesForCurrentThread() - before);
        }).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.Equal(what != "deep", read is not null);
        Assert.InRange(bytes, 0, (100L * xml.Length) + (8L << 20));
    }

    /// <returns><see langword="null"/> if the definition was refused, by the exceptions that become AnswerNotUnderstood.</returns>
    private static IReadOnlyList<DomainFacts>? Read(string xml)
    {
        try
        {
            return DomainParser.Domains([.. xml.TrimEnd('\n').Split('\n').Select(line => " " + line)]);
        }
        catch (Exception e) when (e is FormatException or XmlException or OverflowException)
        {
            return null;
        }
    }
}
