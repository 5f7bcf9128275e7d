using System.Diagnostics;
using System.Security.Cryptography;
using TrafficMigration.Kvm;
using TrafficMigration.Kvm.Offline;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Files cross by the very scripts that hosts run; "ssh" runs a command in another folder's place on this machine.</summary>
public sealed class BlockScriptTests : IDisposable
{
    private const int Block = 65536;

    private readonly string _home = Directory.CreateTempSubdirectory("blocks").FullName;

    public BlockScriptTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the scripts are for Linux hosts");
        Directory.CreateDirectory($"{_home}/bin");
        // The destination is this machine, its files are told apart by the folder "there" that the script's paths have.
        File.WriteAllText($"{_home}/bin/ssh", "#!/bin/sh\nfor last; do :; done\nexec sh -c \"$last\"\n");
        Process.Start("chmod", ["+x", $"{_home}/bin/ssh"])!.WaitForExit();
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void Only_what_the_destination_lacks_crosses_and_holes_stay_holes()
    {
        byte[] common = RandomNumberGenerator.GetBytes(8 * Block);
        byte[] own = RandomNumberGenerator.GetBytes(Block);
        byte[] other = RandomNumberGenerator.GetBytes((2 * Block) + 77);
        // The same twice in one file, a long hole, an end in the middle of a block.
        Here("one", [.. common, .. new byte[64 * Block], .. common, .. own]);
        Here("two", [.. other, .. common]);
        Here("three", [.. common, .. new byte[3 * Block], .. other]);

        SentFile[] sent = Copy(["one", "two", "three"]);

        AssertSame("one", "two", "three");
        Assert.Equal([9 * Block, 11 * Block, Block], sent.Select(s => s.WantedBytes));
        Assert.Equal(17 * Block, sent[0].FilledBytes);
        Assert.InRange(sent[0].SentBytes, 9 * Block, 10 * Block);
        Assert.InRange(Allocated("one"), 17 * Block, 18 * Block);
    }

    [Fact]
    public void An_older_copy_and_files_that_are_named_give_their_blocks_and_stay_what_they_were()
    {
        byte[] old = RandomNumberGenerator.GetBytes(20 * Block);
        byte[] image = RandomNumberGenerator.GetBytes(5 * Block);
        byte[] now = [.. old];
        RandomNumberGenerator.Fill(now.AsSpan(3 * Block, 100));
        Here("disk", [.. now, .. image]);
        There("disk", old);
        There("image", image);

        SentFile sent = Assert.Single(Copy(["disk"], replaces: true, known: ["image"], names: false));

        Assert.Equal(Block, sent.WantedBytes);
        Assert.Equal(old, File.ReadAllBytes($"{_home}/there/disk"));
        Assert.Equal([.. now, .. image], File.ReadAllBytes($"{_home}/there/disk.run1"));
        Name(["disk"], replaces: true);
        AssertSame("disk");
        Assert.Equal(old, File.ReadAllBytes($"{_home}/there/disk.run1.old"));
        Sh(BlockScripts.Unplace, [$"{_home}/folder", ".run1", "0", $"{_home}/there/disk"]);
        Assert.Equal(old, File.ReadAllBytes($"{_home}/there/disk"));
        Assert.Equal(["disk", "image"], Directory.GetFiles($"{_home}/there").Select(f => Path.GetFileName(f)!).Order());
    }

    [Fact]
    public void What_is_there_is_not_overwritten_and_the_reason_is_told()
    {
        Here("disk", RandomNumberGenerator.GetBytes(Block));
        There("disk", [1, 2, 3]);
        string said = Assert.Throws<InvalidOperationException>(() => Copy(["disk"])).Message;
        Assert.Contains("is there already", said, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], File.ReadAllBytes($"{_home}/there/disk"));
    }

    [Theory]
    [InlineData("it's; touch pwned $(touch pwned) `touch pwned`")]
    [InlineData(" \"two  spaces\" * ? [a] \\n ")]
    [InlineData("-rf --")]
    [InlineData("数据库 ü.img")]
    public void Whatever_a_file_is_called_it_is_one_file(string name)
    {
        Here(name, RandomNumberGenerator.GetBytes((3 * Block) + 5));
        Copy([name]);
        AssertSame(name);
        Assert.Empty(Directory.GetFiles(_home, "pwned*", SearchOption.AllDirectories));
    }

    private void Here(string name, byte[] content) => Write($"{_home}/here", name, content);

    private void There(string name, byte[] content) => Write($"{_home}/there", name, content);

    private static void Write(string folder, string name, byte[] content)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes($"{folder}/{name}", content);
    }

    private void AssertSame(params string[] names) => Assert.All(names, n => Assert.Equal(File.ReadAllBytes($"{_home}/here/{n}"), File.ReadAllBytes($"{_home}/there/{n}")));

    private long Allocated(string name) => 512 * long.Parse(Sh("stat -c %b -- \"$1\"", [$"{_home}/there/{name}"]), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Sends files; a path is the same at both ends, so "there" takes the part of "here" in what the destination is told.</summary>
    private SentFile[] Copy(string[] files, bool replaces = false, string[]? known = null, bool names = true)
    {
        string marks = Directory.CreateDirectory($"{_home}/marks").FullName;
        // Both ends have the one folder: what they keep there has different names.
        string there = BlockScripts.There.Replace("path=$5", $"path=$(printf '%s/' \"$5\" | sed 's,{_home}/here/,{_home}/there/,'); path=${{path%/}}", StringComparison.Ordinal);
        Sh(BlockScripts.Copy,
        [
            $"{_home}/folder", ".run1", "kvm2", "", there, replaces ? "replace" : "", "", $"{known?.Length ?? 0}",
            .. (known ?? []).Select(k => $"{_home}/there/{k}"), .. files.SelectMany((f, i) => (string[])[$"{i}", "w", $"{_home}/here/{f}"]),
        ], marks);
        string said = File.ReadAllText($"{marks}/said");
        if (File.ReadAllText($"{marks}/exit").Trim() != "0")
        {
            throw new InvalidOperationException(said);
        }

        Assert.Equal("", said);
        if (names)
        {
            Name(files, replaces);
        }

        return [.. OfflineMarks.Parse("kvm1", $"@begun\n@sent\n{File.ReadAllText($"{marks}/sent")}").Sent];
    }

    private void Name(string[] files, bool replaces) => Sh(
        BlockScripts.Place, [$"{_home}/folder", ".run1", replaces ? "replace" : "", .. files.SelectMany((f, i) => (string[])[$"{i}", $"{_home}/there/{f}"])]);

    private string Sh(string script, IReadOnlyList<string> arguments, string? marks = null)
    {
        Directory.CreateDirectory($"{_home}/folder");
        string line = ShellText.Script(script, marks is null ? arguments : [marks, .. arguments]);
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", line])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _home, Environment = { ["PATH"] = $"{_home}/bin:{Environment.GetEnvironmentVariable("PATH")}" },
        })!;
        string said = shell.StandardOutput.ReadToEnd();
        string error = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        Assert.True(shell.ExitCode == 0, error);
        return said;
    }
}
