using System.Xml.Linq;
using TrafficMigration.Migration;
using TrafficMigration.Planning;
using TrafficMigration.Preflight;
using TrafficMigration.Traffic;
using Xunit;

namespace TrafficMigration.Tests;

/// <summary>What is planned for VMs that move while they stand still, and what of them has to cross.</summary>
public sealed class OfflinePlanTests
{
    [Fact]
    public void While_they_stand_still_only_background_contends_and_all_wait_for_the_last()
    {
        IReadOnlyList<VMMigrationPlan> plan = Plan(new OfflineWish(OfflineMemory.Shutdown, [new VMRef("kvm1", "web")], true, ["/base"]), Host("kvm2", 30));

        Assert.All(plan, p => Assert.Equal((Technique.Offline, OfflineMemory.Shutdown, true), (p.Technique, p.OfflineMemory, p.ReplacesDiskImages)));
        Assert.All(plan, p => Assert.Equal(["/base"], p.BlocksFrom));
        Assert.Equal(["web", "app", "db"], plan.OrderBy(p => p.Order).Select(p => p.VMName));
        Assert.All(plan, p => Assert.Equal((10_000_000, 30_000_000), (p.SourceContentionBitsPerSecond, p.DestinationContentionBitsPerSecond)));
        // Their disks, 768 MiB, over what background leaves of the narrower end; a live plan would meet 300 Mbit/s of the VMs' own, too.
        Assert.All(plan, p => Assert.InRange(p.PredictedDuration!.Value.TotalSeconds, 6.5, 7.5));
        Assert.All(plan, p => Assert.Equal(p.PredictedDuration, p.PredictedDowntime));
        Assert.Equal(3 * (256L << 20), plan[0].Plan.PredictedBytes);
        Assert.Equal(6 * (256L << 20), Plan(new OfflineWish(OfflineMemory.Save, [], true, []), Host("kvm2", 30))[0].Plan.PredictedBytes); // their memory, too
        Assert.All(plan, p => Assert.Contains("stands still", p.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Destinations_are_chosen_by_room_and_background()
    {
        IReadOnlyList<VMMigrationPlan> plan = Plan(
            new OfflineWish(OfflineMemory.Save, [], false, []),
            Host("busy", 400), Host("small", 0) with { FreeMemoryBytes = 300L << 20 }, Host("quiet", 10));
        Assert.DoesNotContain(plan, p => p.Destination == "busy");
        Assert.InRange(plan.Count(p => p.Destination == "small"), 0, 1);
    }

    [Fact]
    public void A_journal_keeps_what_a_run_needs_of_it()
    {
        VMMigrationPlan plan = Plan(new OfflineWish(OfflineMemory.Shutdown, [], true, ["/base"]), Host("kvm2", 30))[0];
        VMMigrationPlan kept = JournalPlan.Of(plan).ToPlan(1);
        Assert.Equal((Technique.Offline, OfflineMemory.Shutdown, true), (kept.Technique, kept.OfflineMemory!.Value, kept.ReplacesDiskImages));
        Assert.Equal(["/base"], kept.BlocksFrom);
    }

    [Fact]
    public void Files_are_found_with_what_they_rest_on_and_what_is_no_file_is_told()
    {
        XElement domain = XElement.Parse("""
            <domain type='kvm'>
              <os><nvram>/nvram/vm1.fd</nvram></os>
              <devices>
                <disk type='file' device='disk'><source file='/images/top.qcow2'/><target dev='vda'/>
                  <backingStore type='file'><source file='/images/base.qcow2'/><backingStore/></backingStore></disk>
                <disk type='file' device='cdrom'><source file='/images/cd.iso'/><target dev='sda'/><readonly/></disk>
                <disk type='file' device='cdrom'><target dev='sdb'/><readonly/></disk>
                <disk type='file' device='disk'><source file='/images/shared.img'/><target dev='vdb'/><readonly/></disk>
                <disk type='network' device='disk'><source protocol='rbd' name='pool/vm1'/><target dev='vdc'/></disk>
                <disk type='block' device='disk'><source dev='/dev/sdq'/><target dev='vdd'/></disk>
                <disk type='dir' device='floppy'><source dir='/floppy'/><target dev='fda'/></disk>
                <disk type='file' device='disk'><source file='relative.img'/><target dev='vde'/></disk>
                <tpm model='tpm-crb'><backend type='emulator'/></tpm>
              </devices>
            </domain>
            """);

        (IReadOnlyList<(string Path, bool IsWritten)> files, IReadOnlyList<string> unfit) = OfflineInventory.FilesOf(domain);

        Assert.Equal(
            [("/images/top.qcow2", true), ("/images/base.qcow2", false), ("/images/cd.iso", false), ("/images/shared.img", false), ("relative.img", true), ("/nvram/vm1.fd", true)],
            files);
        Assert.Equal(3, unfit.Count);
        Assert.Contains(unfit, u => u.Contains("'fda' is no file", StringComparison.Ordinal));
        Assert.Contains(unfit, u => u.Contains("TPM", StringComparison.Ordinal));
        Assert.Contains(unfit, u => u.Contains("relative.img", StringComparison.Ordinal));
    }

    private static HostTraffic Host(string name, long megabits) => new() { HostName = name, BackgroundRxBitsPerSecond = megabits * 1_000_000, LinkBitsPerSecond = 1_000_000_000 };

    private static IReadOnlyList<VMMigrationPlan> Plan(OfflineWish wish, params HostTraffic[] destinations) => Planner.CreatePlan(
        new PlanRequest
        {
            Rates = [.. new[] { "app", "db", "web" }.Select(v => new VMTrafficRate
            {
                HostName = "kvm1", VMName = v, TxBitsPerSecond = 300_000_000, RxBitsPerSecond = 300_000_000, MemoryBytes = 256L << 20, LocalDiskBytes = 256L << 20, DirtyBytesPerSecond = 200 << 20,
                LinkBitsPerSecond = 1_000_000_000, HostBackgroundTxBitsPerSecond = 10_000_000,
            })],
            Destinations = destinations,
            Offline = wish,
            CreatedAt = DateTimeOffset.UnixEpoch,
        },
        CancellationToken.None);
}
