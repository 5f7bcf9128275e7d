using System.Diagnostics;
using TrafficMigration.Kvm;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>Images at the destination: which are made, for whom, and what becomes of them.</summary>
public sealed class DiskCopyTests : IDisposable
{
    // As virsh dumpxml said it of a guest of the lab, and a second disk on NFS.
    private const string Definition =
        """
        <domain type='qemu' id='2'>
          <devices>
            <disk type='file' device='disk'>
              <driver name='qemu' type='qcow2'/>
              <source file='/var/lib/libvirt/images/vm2.qcow2' index='1'/>
              <backingStore type='file' index='2'>
                <format type='qcow2'/>
                <source file='/var/lib/libvirt/images/vm2-base.qcow2'/>
                <backingStore/>
              </backingStore>
              <target dev='vda' bus='virtio'/>
            </disk>
            <disk type='file' device='disk'>
              <driver name='qemu' type='raw'/>
              <source file='/shared/data.raw' index='3'/>
              <backingStore/>
              <target dev='vdb' bus='virtio'/>
            </disk>
          </devices>
        </domain>
        """;

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryStore _journals = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("images").FullName;

    public void Dispose()
    {
        _journals.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(StorageCopy.All, "--copy-storage-all vda")]
    [InlineData(StorageCopy.Incremental, "--copy-storage-inc vda")]
    public async Task Only_disks_of_the_source_alone_are_copied_and_their_images_stay_with_the_VM(StorageCopy copy, string told)
    {
        var site = new FakeSite { Definition = Definition };
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Moved with
        {
            Marks = Scene.Ended(0, "", "@completed\n\tdata_total: 436805632\n\tdata_processed: 302898220\n\tmemory_total: 168370176\n\tdisk_total: 268435456\n\tdisk_processed: 268435456\n"),
        });

        VMMigrationResult result = await RunOne(site, copy);

        Assert.Null(result.Error);
        Assert.Equal(told, Assert.Single(site.Copies));
        Assert.Equal(["make at a: /var/lib/libvirt/images/vm2.qcow2", "start vm1 PreCopy", "keep at a: /var/lib/libvirt/images/vm2.qcow2", "forget"], site.Told);
        // libvirt counts the whole size of a disk; what came over is what the image takes up.
        Assert.Equal((512_000L, 302898220L - 268435456 + 512_000), (result.DiskBytesTransferred, result.BytesTransferred));
    }

    [Fact]
    public async Task Without_the_wish_no_disk_is_asked_for()
    {
        var site = new FakeSite { Definition = Definition };
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Moved);

        VMMigrationResult result = await RunOne(site, StorageCopy.None);

        Assert.Equal(["start vm1 PreCopy", "forget"], site.Told);
        Assert.Equal("", Assert.Single(site.Copies));
        Assert.Null(result.DiskBytesTransferred);
    }

    [Fact]
    public async Task A_VM_that_stays_leaves_no_image_of_ours_behind()
    {
        var site = new FakeSite { Definition = Definition };
        site.Play("vm1", new Scene("running (booted)"), new Scene("running (booted)", null, "", Scene.Ended(1, "error: End of file while reading data: : Input/output error")));

        VMMigrationResult result = await RunOne(site, StorageCopy.All);

        Assert.Equal(MigrationOutcome.Failed, result.Outcome);
        Assert.Contains("remove at a: /var/lib/libvirt/images/vm2.qcow2", site.Told);
        Assert.DoesNotContain(site.Told, t => t.StartsWith("keep", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_VM_was_lost_both_disks_stay()
    {
        var site = new FakeSite { Definition = Definition };
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing,
            new Scene("paused (post-copy failed)", null, "", Scene.Ended(1, "error: gone", "@switched\n1795589961.96\n")));

        await RunOne(site, StorageCopy.All, Technique.PostCopy);

        Assert.DoesNotContain(site.Told, t => t.StartsWith("keep", StringComparison.Ordinal) || t.StartsWith("remove", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_is_taken_up_knows_its_images_from_the_journal()
    {
        using var leave = new CancellationTokenSource();
        var site = new FakeSite { Definition = Definition, OnLook = (_, _) => leave.Cancel() };
        site.Play("vm1", new Scene("running (booted)"), Scene.Flowing, Scene.Flowing, Scene.Flowing, new Scene("running (booted)", null, "", Scene.Ended(1, "error: gone")));
        await RunOne(site, StorageCopy.All, leave: leave);
        Assert.Equal((StorageCopy.All, MigrationRunState.Interrupted), (_journals.Last.VirtualMachines[0].Plan.StorageCopy, _journals.Last.State));
        Assert.DoesNotContain(site.Told, t => t.StartsWith("remove", StringComparison.Ordinal));

        var listener = new Listener();
        await new MigrationRun(_journals.Store, site.ConnectAsync, listener).ResumeAsync(_journals.Last.Id, TestContext.Current.CancellationToken, None);

        Assert.Equal(MigrationOutcome.Failed, Assert.Single(listener.Results).Outcome);
        Assert.Contains("remove at a: /var/lib/libvirt/images/vm2.qcow2", site.Told);
    }

    [Theory]
    [InlineData(75, "ImageExists")]
    [InlineData(1, "ImageNotMade")]
    public async Task What_cannot_be_made_stops_the_VM_before_it_starts(int exitCode, string errorId)
    {
        var site = new FakeSite { Definition = Definition, Making = new CommandResult(exitCode, "", "/var/lib/libvirt/images/vm2.qcow2\n") };
        site.Play("vm1", new Scene("running (booted)"));

        VMMigrationResult result = await RunOne(site, StorageCopy.All);

        Assert.Equal((MigrationOutcome.Failed, errorId), (result.Outcome, result.Error!.ErrorId));
        Assert.Contains("/var/lib/libvirt/images/vm2.qcow2", result.Error.Message, StringComparison.Ordinal);
        Assert.Equal(["make at a: /var/lib/libvirt/images/vm2.qcow2", "remove at a: /var/lib/libvirt/images/vm2.qcow2"], site.Told);
    }

    [Fact]
    public async Task No_switch_is_tried_while_disks_are_copied()
    {
        // As the lab's virsh said it: disks only, then memory too.
        Scene mirroring = Scene.Flowing with { Job = "Job type: 2\ndata_total: 268435456\ndata_processed: 16777216\ndata_remaining: 251658240\nmemory_total: 0\nmemory_iteration: 0\ndisk_total: 268435456\ndisk_processed: 16777216\ndisk_remaining: 251658240" };
        var site = new FakeSite { Definition = Definition };
        site.Play("vm1", [new Scene("running (booted)"), .. Enumerable.Repeat(mirroring, 12), Scene.Moved]);
        var seen = new List<JobFigures>();

        await RunOne(site, StorageCopy.All, onProgress: p => seen.AddRange(p.Figures is { } f ? [f] : []));

        Assert.DoesNotContain(site.Told, t => t.StartsWith("migrate-postcopy", StringComparison.Ordinal));
        Assert.All(seen.Take(12), f => Assert.True(f.IsMirroringDisks));
        Assert.False(seen[0] is { IsMirroringDisks: true } && new JobFigures(5, 5, 10, null) { DiskBytesTotal = 4, DiskBytesProcessed = 4 }.IsMirroringDisks);
        Assert.Equal((1, 5, 6), (new JobFigures(5, 5, 10, null) { DiskBytesTotal = 4, DiskBytesProcessed = 4 }.Memory is var m ? m.BytesTransferred : 0, m.BytesRemaining, m.BytesTotal));
    }

    [Theory]
    [InlineData("vm1.qcow2")]
    [InlineData("it's $(touch hurt); `touch hurt` \"x\" -n %s ü.qcow2")]
    [InlineData("a,b=c :d\\.raw")]
    public async Task The_scripts_make_and_remove_what_is_ours_and_touch_nothing_else(string name)
    {
        string path = Path.Combine(_folder, name);
        DiskImage[] image = [new("vda", path, "qcow2", 1 << 20, null)];
        var images = new DiskImages(new RemoteShell("a", Shell), "0123456789-0");

        // Made, and made again by a run that was taken up.
        Assert.Equal(0, (await images.MakeAsync(image, None)).ExitCode);
        Assert.Equal("made qcow2 1048576", (await File.ReadAllTextAsync(path, None)).Trim());
        await File.AppendAllTextAsync(path, "written", None);
        Assert.Equal(0, (await images.MakeAsync(image, None)).ExitCode);
        Assert.Contains("written", await File.ReadAllTextAsync(path, None), StringComparison.Ordinal);

        // Another migration's: not ours to make, and not ours to remove.
        var others = new DiskImages(new RemoteShell("a", Shell), "0123456789-1");
        CommandResult refused = await others.MakeAsync(image, None);
        Assert.Equal((DiskImages.Exists, path), (refused.ExitCode, refused.Error.TrimEnd('\n')));
        Assert.Equal(0, (await others.DiscardAsync([path], None)).ExitCode);
        Assert.True(File.Exists(path));

        Assert.Equal(0, (await images.DiscardAsync([path], None)).ExitCode);
        Assert.Equal(["qemu-img"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_was_kept_is_nobodys_to_remove()
    {
        string path = Path.Combine(_folder, "vm1.qcow2");
        var images = new DiskImages(new RemoteShell("a", Shell), "0123456789-0");
        await images.MakeAsync([new DiskImage("vda", path, "raw", 4096, new BackingFile("/base", "qcow2"))], None);

        CommandResult kept = await images.KeepAsync([path], None);

        Assert.NotNull(StorageQueries.Allocated(kept.Output));
        await images.DiscardAsync([path], None);
        Assert.Equal("made raw on qcow2 /base 4096", (await File.ReadAllTextAsync(path, None)).Trim());
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder).Length);

        // A link that leads nowhere is something, too.
        string link = Path.Combine(_folder, "link.qcow2");
        File.CreateSymbolicLink(link, "/nowhere");
        Assert.Equal(DiskImages.Exists, (await images.MakeAsync([new DiskImage("vda", link, "raw", 4096, null)], None)).ExitCode);
    }

    /// <summary>A real shell; qemu-img, which not every machine that builds this has, only notes what it was told.</summary>
    private async Task<CommandResult> Shell(string command, CancellationToken cancellationToken)
    {
        string tool = Path.Combine(_folder, "qemu-img");
        if (!File.Exists(tool))
        {
            await File.WriteAllTextAsync(
                tool, "#!/bin/sh\nshift 3\nformat=$1; shift; base=\n[ \"$1\" = -b ] && { base=\" on $4 $2\"; shift 4; }\n[ \"$1\" = -- ] || exit 2\necho \"made $format$base $3\" >\"$2\"\n", cancellationToken);
        }

        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", $"chmod +x qemu-img; {command}"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder,
            Environment = { ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}" },
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return new CommandResult(process.ExitCode, output, await error);
    }

    private async Task<VMMigrationResult> RunOne(
        FakeSite site, StorageCopy copy, Technique technique = Technique.PreCopy, Action<MigrationProgress>? onProgress = null, CancellationTokenSource? leave = null)
    {
        var listener = new Listener { Progressed = onProgress ?? (_ => { }) };
        VMMigrationPlan plan = MigrationRunTests.Plan("vm1", "kvm1", "a", technique) with { StorageCopy = copy, SwitchesToPostCopy = technique == Technique.PreCopy };
        await new MigrationRun(_journals.Store, site.ConnectAsync, listener).StartAsync(
            [plan], new RunOptions { Pace = FakeSite.Pace, SkipPreflight = true }, TestContext.Current.CancellationToken, leave?.Token ?? None);
        return Assert.Single(listener.Results);
    }
}
