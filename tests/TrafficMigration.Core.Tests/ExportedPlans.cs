using CsCheck;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using YamlDotNet.RepresentationModel;

namespace TrafficMigration.Tests;

/// <summary>Plans to export, and what comes back from the files.</summary>
internal static class ExportedPlans
{
    public static readonly DateTimeOffset Morning = new(2026, 11, 20, 9, 12, 3, TimeSpan.Zero);

    /// <summary>Names that do harm where they are not text: to a shell, to YAML, to Ansible's templates, to a terminal.</summary>
    public static readonly string[] HostileNames =
    [
        "two words", "it's \"a\" $(touch x); ü & co", "`touch x`", "$HOME", "a\nb", "a\r\n---\nkind: Pod", "{{ lookup('pipe', 'touch x') }}", "{% raw %}", "# no comment",
        "a: b", "- a", "*", "!!python/object", "数据库-1", "😀", "a\u202Eb", "a\u0085b", "a\u2028b", "\u001B[31m", "\\", "yes", "null", "0x10", "1e3", "&a", "%TAG",
    ];

    public static readonly Gen<string> HostileName = Gen.OneOf(
        Gen.Int[0, HostileNames.Length - 1].Select(i => HostileNames[i]),
        Gen.Char["ab '\"$(`;\\\n&|<>*?!#~{}%:-ü\u0085\uFEFF"].Array[1, 12].Select(letters => "x" + new string(letters)),
        Gen.Select(Gen.Int[0, HostileNames.Length - 1], Gen.Int[0, HostileNames.Length - 1]).Select((a, b) => HostileNames[a] + HostileNames[b]));

    public static MigrationPlan Whole { get; } = new()
    {
        Strategy = Strategy.TrafficSensitive, ContentionBitsPerSecond = 400_000_000, LowerBoundBitsPerSecond = 400_000_000, CreatedAt = Morning, VirtualMachines = [], Links = [],
    };

    public static VMMigrationPlan Plan(string vm, Technique technique = Technique.PreCopy, string source = "kvm1", string destination = "kvm2") => new()
    {
        VMName = vm, Source = source, Destination = destination, Technique = technique, SourceContentionBitsPerSecond = 0, DestinationContentionBitsPerSecond = 0, Plan = Whole,
        Rate = new VMTrafficRate { HostName = source, VMName = vm, TxBitsPerSecond = 1, RxBitsPerSecond = 2 },
    };

    /// <summary>An id that is always the same for the same number.</summary>
    public static string Id(int number) => new Guid(number, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]).ToString();

    public static YamlNode[] Documents(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Select(d => d.RootNode)];
    }
}
