using System.Globalization;
using TrafficMigration.Kvm;
using TrafficMigration.Traffic;

namespace TrafficMigration.Preflight;

/// <summary>What a host said to a yes-or-no question.</summary>
/// <param name="ExitCode">0 for yes.</param>
/// <param name="Said">What virsh said, in one line.</param>
internal sealed record Verdict(int ExitCode, string Said)
{
    /// <summary>The answer is yes.</summary>
    public bool IsYes => ExitCode == 0;

    /// <summary>virsh said this.</summary>
    public bool Says(string phrase) => Said.Contains(phrase, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What there is at a path on a host.</summary>
/// <param name="Exists">Whether there is anything; <see langword="null"/> where we could not look (permission, a dead file server).</param>
/// <param name="IsBlockDevice">It is a block device.</param>
/// <param name="Inode">Its number in its file system.</param>
/// <param name="Size">Size of a file in bytes, of a block device in sectors.</param>
/// <param name="FileSystem">stat(1)'s word for its file system.</param>
/// <param name="Storage">Whether hosts share such a file system; <see cref="DiskStorage.Unknown"/> for a block device.</param>
/// <param name="Identity">What tells a block device from all others, on every host alike: its world-wide or device-mapper name; empty where it has none.</param>
internal sealed record PathState(bool? Exists, bool IsBlockDevice, long Inode, long Size, string FileSystem, DiskStorage Storage, string Identity);

/// <summary>What a host said to the second question.</summary>
/// <param name="Paths">What there is at each path.</param>
/// <param name="Emulators">Whether the host can run VMs of each kind, and then what <c>domcapabilities</c> says of TPMs.</param>
/// <param name="Processors">Whether the host can give each processor.</param>
internal sealed record HostAbilities(
    IReadOnlyDictionary<string, PathState> Paths,
    IReadOnlyDictionary<EmulatorDemand, Verdict> Emulators,
    IReadOnlyDictionary<CpuDemand, Verdict> Processors)
{
    /// <summary>Reads the answers to <see cref="DemandScript"/>.</summary>
    /// <exception cref="FormatException">The answers are no such answers.</exception>
    public static HostAbilities Parse(
        IEnumerable<string> outputs, IReadOnlyList<string> paths, IReadOnlyList<EmulatorDemand> emulators, IReadOnlyList<CpuDemand> processors)
    {
        HostAnswer[] answers = [.. outputs.Select(o => new HostAnswer(o))];
        return new HostAbilities(
            Match(paths, answers, "path", Path), Match(emulators, answers, "emulator", Said), Match(processors, answers, "cpu", Said));
    }

    private static Dictionary<TKey, TValue> Match<TKey, TValue>(
        IReadOnlyList<TKey> asked, HostAnswer[] answers, string part, Func<AnswerPart, TValue> read)
        where TKey : notnull
    {
        AnswerPart[] parts = [.. answers.SelectMany(a => a.All(part))];
        return parts.Length == asked.Count
            ? asked.Zip(parts, (question, answer) => (question, read(answer))).ToDictionary(p => p.question, p => p.Item2)
            : throw new FormatException($"{parts.Length} answers about '{part}' to {asked.Count} questions");
    }

    private static Verdict Said(AnswerPart part) =>
        new(part.ExitCode, string.Join(' ', part.Lines.Select(l => l.Replace("error: ", "", StringComparison.Ordinal).Trim())).Trim());

    private static PathState Path(AnswerPart part)
    {
        if (part.ExitCode != 0)
        {
            bool isMissing = part.Text.Contains("No such file", StringComparison.Ordinal) || part.Text.Contains("Not a directory", StringComparison.Ordinal);
            return new PathState(isMissing ? false : null, false, 0, 0, "", DiskStorage.Unknown, "");
        }

        // The identity comes last, and alone may hold a bar.
        string[] words = part.Text.Split('|', 6);
        bool isBlock = words[0].StartsWith("block", StringComparison.Ordinal);
        return words.Length == 6
            ? new PathState(
                true, isBlock, long.Parse(words[1], CultureInfo.InvariantCulture),
                long.Parse(isBlock ? words[4] : words[2], CultureInfo.InvariantCulture), words[3],
                isBlock ? DiskStorage.Unknown : StorageQueries.Classify(words[3]), words[5].Trim())
            : throw new FormatException($"'{part.Text}' does not describe a path");
    }
}
