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

/// <summary>A list that libvirt keeps.</summary>
internal enum NameList
{
    /// <summary>Active networks, by name.</summary>
    Networks,

    /// <summary>Active storage pools, by name.</summary>
    Pools,

    /// <summary>Secrets, by UUID.</summary>
    Secrets,
}

/// <summary>What a host is asked in the second round, each once.</summary>
/// <param name="Paths">What there is at these paths.</param>
/// <param name="Emulators">Whether it can run such VMs.</param>
/// <param name="Processors">Whether it can give these processors.</param>
/// <param name="Lists">Which networks, pools and secrets it has, where a VM needs one.</param>
internal sealed record HostQuestions(
    IReadOnlyList<string> Paths, IReadOnlyList<EmulatorDemand> Emulators, IReadOnlyList<CpuDemand> Processors, IReadOnlyList<NameList> Lists)
{
    /// <summary>What these images of disks, or the files below them, take up.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>Whether images can be made in these folders; where there are any, whether there is qemu-img.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];
}

/// <summary>An image of a disk as a file.</summary>
/// <param name="Size">Its length, bytes.</param>
/// <param name="AllocatedBytes">What it takes up, bytes.</param>
/// <param name="ModifiedAt">When it was last written to, seconds since 1970.</param>
internal sealed record ImageState(long Size, long AllocatedBytes, long ModifiedAt);

/// <summary>A folder that images are to be made in.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Device">The number of its file system.</param>
/// <param name="FreeBytes">Room there, bytes.</param>
/// <param name="IsWritable">Our user may write there.</param>
internal sealed record ImageFolder(string Path, string Device, long FreeBytes, bool IsWritable);

/// <summary>What a host said to the second question.</summary>
/// <param name="Paths">What there is at each path.</param>
/// <param name="Emulators">Whether the host can run VMs of each kind, and then what <c>domcapabilities</c> says of TPMs.</param>
/// <param name="Processors">Whether the host can give each processor.</param>
/// <param name="Lists">Names of what is active there; a list that was not asked for, or that libvirt did not give, is not among them.</param>
internal sealed record HostAbilities(
    IReadOnlyDictionary<string, PathState> Paths,
    IReadOnlyDictionary<EmulatorDemand, Verdict> Emulators,
    IReadOnlyDictionary<CpuDemand, Verdict> Processors,
    IReadOnlyDictionary<NameList, IReadOnlySet<string>> Lists)
{
    /// <summary>Images that are there, by path.</summary>
    public IReadOnlyDictionary<string, ImageState> Images { get; init; } = new Dictionary<string, ImageState>();

    /// <summary>Folders that are there, by path.</summary>
    public IReadOnlyDictionary<string, ImageFolder> Folders { get; init; } = new Dictionary<string, ImageFolder>();

    /// <summary>Whether images can be made: qemu-img is there.</summary>
    public bool HasImageTool { get; init; }

    /// <summary>Reads the answers to <see cref="DemandScript"/>.</summary>
    /// <exception cref="FormatException">The answers are no such answers.</exception>
    public static HostAbilities Parse(IEnumerable<string> outputs, string nonce, HostQuestions asked)
    {
        HostAnswer[] answers = [.. outputs.Select(o => new HostAnswer(o, nonce))];
        return new HostAbilities(
            Match(asked.Paths, answers, "path", Path), Match(asked.Emulators, answers, "emulator", Said), Match(asked.Processors, answers, "cpu", Said),
            asked.Lists.Select(l => (List: l, Part: answers.SelectMany(a => a.All(l.ToString())).FirstOrDefault()))
                .Where(l => l.Part is { ExitCode: 0 }).ToDictionary(l => l.List, IReadOnlySet<string> (l) => Names(l.Part!)))
        {
            Images = Match(asked.Images, answers, "image", Image).Where(i => i.Value is not null).ToDictionary(i => i.Key, i => i.Value!),
            Folders = Match(asked.Folders, answers, "folder", p => p).Select(f => Folder(f.Key, f.Value)).OfType<ImageFolder>().ToDictionary(f => f.Path),
            HasImageTool = answers.SelectMany(a => a.All("tool")).Any(p => p.ExitCode == 0),
        };
    }

    /// <summary>Whether libvirt says that it lacks a name; unknown is no lack.</summary>
    public bool Lacks(NameList list, string name) => Lists.TryGetValue(list, out IReadOnlySet<string>? names) && !names.Contains(name);

    /// <remarks>The UUID of a secret stands first in its line; the others stand alone, and may hold blanks.</remarks>
    private static HashSet<string> Names(AnswerPart part) => part.Filled.Select(l => l.Trim())
        .Select(l => part.Name == nameof(NameList.Secrets) ? l.Split(' ')[0] : l).ToHashSet(StringComparer.Ordinal);

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

    /// <remarks>stat(1): size, blocks, size of these, time of the last change.</remarks>
    private static ImageState? Image(AnswerPart part)
    {
        if (part.ExitCode != 0)
        {
            return null;
        }

        long[] figures = Figures(part, part.Text.Split(' '), 4);
        return new ImageState(figures[0], checked(figures[1] * figures[2]), figures[3]);
    }

    /// <remarks>stat(1): number of the file system; size of its blocks, those that are free; then whether we may write.</remarks>
    private static ImageFolder? Folder(string path, AnswerPart part)
    {
        string[] lines = [.. part.Filled];
        if (part.ExitCode != 0 || lines.Length < 3)
        {
            return null;
        }

        long[] figures = Figures(part, lines[1].Split(' '), 2);
        // As df does: what is more than any disk is no limit.
        return new ImageFolder(path, lines[0].Trim(), figures[0] > 0 && figures[1] < long.MaxValue / figures[0] ? figures[0] * figures[1] : long.MaxValue, lines[2] == "open");
    }

    private static long[] Figures(AnswerPart part, string[] words, int count) => words.Length == count
        ? [.. words.Select(w => long.Parse(w, NumberStyles.None, CultureInfo.InvariantCulture))]
        : throw new FormatException($"'{part.Text}' are not {count} figures");

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
