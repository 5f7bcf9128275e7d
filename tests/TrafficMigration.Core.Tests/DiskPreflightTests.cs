using TrafficMigration.Preflight;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What is checked of disks that are copied before anything moves.</summary>
public sealed class DiskPreflightTests
{
    private const string Local = "regular file|7|512|ext2/ext3|-|";

    [Fact]
    public async Task A_disk_that_can_be_copied_is_no_finding_and_without_the_wish_the_error_names_it()
    {
        Assert.Empty(await Hosts().CheckAsync(Plan(StorageCopy.All)));
        PreflightFinding refused = Assert.Single(await Hosts().CheckAsync(Plan(StorageCopy.None)), f => f.Severity == FindingSeverity.Error && f.Check == "StorageNotShared");
        Assert.Contains("-CopyStorage", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_on_shared_storage_is_checked_as_ever_whatever_is_copied()
    {
        PreflightHosts hosts = Hosts().WithPath("kvm-a", "/data/d", "regular file|7|512|nfs|-|").WithPath("kvm-b", "/data/d", "regular file|8|512|nfs|-|");
        Assert.Equal(["StorageDiffers"], Checks(await hosts.CheckAsync(Plan(StorageCopy.All)), withBase: true));
    }

    [Fact]
    public async Task A_block_device_is_never_copied()
    {
        PreflightHosts hosts = new PreflightHosts().WithPath("kvm-a", "/dev/v/d", "block special file|7|0|devtmpfs|2048|").WithPath("kvm-b", "/dev/v/d", null)
            .WithDevice("<disk type='block' device='disk'><driver type='raw'/><source dev='/dev/v/d'/><target dev='vda'/></disk>");
        PreflightFinding found = Assert.Single(await hosts.CheckAsync(Plan(StorageCopy.All)));
        Assert.Equal(("BlockDeviceMissing", "kvm-b"), (found.Check, found.HostName));
        Assert.Contains("never copied", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_that_is_there_is_overwritten()
    {
        PreflightFinding found = Assert.Single(await Hosts().WithPath("kvm-b", "/data/d", Local).CheckAsync(Plan(StorageCopy.All)));
        Assert.Equal((FindingSeverity.Error, "ImageExists", "kvm-b"), (found.Severity, found.Check, found.HostName));
        Assert.Contains("'/data/d'", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_destination_needs_the_tool_the_folder_and_room()
    {
        PreflightHosts hosts = Hosts();
        hosts.HasImageTool = false;
        Assert.Equal(["ImageToolMissing"], Checks(await hosts.CheckAsync(Plan(StorageCopy.All))));

        hosts = Hosts();
        hosts.Images[("kvm-b", "/data")] = "41\n4096 100000\nclosed";
        Assert.Equal(["ImageFolderNotWritable"], Checks(await hosts.CheckAsync(Plan(StorageCopy.All))));
        hosts.Images.Remove(("kvm-b", "/data"));
        Assert.Equal(["ImageFolderNotWritable"], Checks(await hosts.CheckAsync(Plan(StorageCopy.All))));

        // 33288 blocks of the image and 1000 of its backing file: 17,555,456 bytes.
        hosts.Images[("kvm-b", "/data")] = "41\n4096 4286\nopen";
        Assert.Empty(await hosts.CheckAsync(Plan(StorageCopy.All)));
        hosts.Images[("kvm-b", "/data")] = "41\n4096 4285\nopen";
        Assert.Equal(["ImageRoomMissing"], Checks(await hosts.CheckAsync(Plan(StorageCopy.All))));
    }

    [Fact]
    public async Task A_format_that_cannot_be_made_is_refused()
    {
        PreflightHosts hosts = Hosts().With("kvm-a", "type='qcow2'/><source file='/data/d'", "type='vmdk'/><source file='/data/d'");
        Assert.Equal(["DiskNotCopyable"], Checks(await hosts.CheckAsync(Plan(StorageCopy.All))));
    }

    [Theory]
    [InlineData("512000 1000 512 1700000000", null)]
    [InlineData("512001 1000 512 1700000000", "bytes")]
    [InlineData("512000 1000 512 1700000001", "last changed")]
    public async Task Below_an_increment_the_same_file_must_be_there(string there, string? difference)
    {
        PreflightHosts hosts = Hosts().WithPath("kvm-b", "/data/base", Local);
        hosts.Images[("kvm-b", "/data/base")] = there;
        IReadOnlyList<PreflightFinding> found = await hosts.CheckAsync(Plan(StorageCopy.Incremental));

        Assert.Equal(difference is null ? [] : ["BackingFileDiffers"], found.Select(f => f.Check));
        Assert.All(found, f => Assert.Contains(difference!, f.Message, StringComparison.Ordinal));
        // Missing, it is named; a whole copy needs none.
        Assert.Equal(["PathMissing"], Checks(await Hosts().CheckAsync(Plan(StorageCopy.Incremental))));
    }

    private static IEnumerable<string> Checks(IReadOnlyList<PreflightFinding> found, bool withBase = false) =>
        found.Where(f => !withBase || !f.Message.Contains("/data/base", StringComparison.Ordinal)).Select(f => f.Check);

    private static Planning.VMMigrationPlan Plan(StorageCopy copy) => PreflightHosts.Plan("vm1") with { StorageCopy = copy };

    /// <summary>A disk with a backing file on the source alone, and a destination that can take it.</summary>
    private static PreflightHosts Hosts()
    {
        PreflightHosts hosts = new PreflightHosts()
            .WithPath("kvm-a", "/data/d", Local).WithPath("kvm-b", "/data/d", null).WithPath("kvm-b", "/data/base", null)
            .WithDevice("<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/data/d'/><backingStore type='file'><format type='qcow2'/><source file='/data/base'/><backingStore/></backingStore><target dev='vda'/></disk>");
        hosts.Images[("kvm-a", "/data/d")] = "17104896 33288 512 1700000000";
        hosts.Images[("kvm-a", "/data/base")] = "512000 1000 512 1700000000";
        hosts.Images[("kvm-b", "/data")] = "41\n4096 100000\nopen";
        return hosts;
    }
}
