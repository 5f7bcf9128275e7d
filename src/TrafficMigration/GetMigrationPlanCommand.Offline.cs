using System.Management.Automation;
using TrafficMigration.Planning;

namespace TrafficMigration.Commands;

/// <content>VMs that move as one group while they stand still.</content>
public sealed partial class GetMigrationPlanCommand
{
    /// <summary>Move all VMs as one group while they stand still, memory and disk images alike: together or not at all.</summary>
    [Parameter]
    [ValidateSet(nameof(TrafficMigration.Technique.Offline))]
    public string? Technique { get; set; }

    /// <summary>With -Technique Offline: Save the VMs' memory, so that they go on where they were, or Shutdown the guests and start them anew.</summary>
    [Parameter]
    public OfflineMemory OfflineMemory { get; set; }

    /// <summary>With -Technique Offline: VMs that go on first, in this order (wildcards are allowed); the others follow by name.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? StartOrder { get; set; }

    /// <summary>With -Technique Offline: disk images that are at the destination already are older copies. Their blocks are used, and they are replaced.</summary>
    [Parameter]
    public SwitchParameter ReplaceDiskImage { get; set; }

    /// <summary>With -Technique Offline: files at the destinations whose blocks need not be sent, such as the image that the VMs' disks were made from.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? BlocksFrom { get; set; }

    /// <summary>What was asked for; <see langword="null"/> for a live plan.</summary>
    /// <exception cref="MigrationException"><c>OfflineParameterInvalid</c>, <c>WishUnknownVM</c>.</exception>
    private OfflineWish? Offline(PlanRequest request)
    {
        Refuse(Technique is null ? [nameof(OfflineMemory), nameof(StartOrder), nameof(ReplaceDiskImage), nameof(BlocksFrom)] : [], "it is for -Technique Offline, and the plan is a live one", Failures.WishInvalid);
        if (Technique is null)
        {
            return null;
        }

        Refuse([nameof(Strategy), nameof(PinTechnique), nameof(MaxPostCopy), nameof(ContentionTolerance)], "no technique is to be chosen", Failures.OfflineParameterInvalid);
        Refuse([nameof(Objective), nameof(Deadline)], "nothing of a group's time is open to a choice", Failures.OfflineParameterInvalid);
        Refuse([nameof(CopyStorage), nameof(Compression), nameof(ConnectionCount)], "images of memory and disks are copied compressed, and only what the destination lacks", Failures.OfflineParameterInvalid);
        Refuse([nameof(Schedule), nameof(ThrottleLimit), nameof(MaxOutgoingPerHost), nameof(MaxIncomingPerHost)], "a group moves at once", Failures.OfflineParameterInvalid);
        if (BlocksFrom?.FirstOrDefault(p => !p.StartsWith('/') || p.Contains('\n', StringComparison.Ordinal)) is { } wrong)
        {
            throw Failures.OfflineParameterInvalid("-BlocksFrom", $"'{wrong}' is no absolute path of a file at the destination");
        }

        var names = new VMNames(request.Rates);
        return new OfflineWish(OfflineMemory, [.. (StartOrder ?? []).SelectMany(names.Matching).Distinct()], ReplaceDiskImage, BlocksFrom ?? []);
    }

    private void Refuse(string[] parameters, string why, Func<string, string, MigrationException> failure)
    {
        if (parameters.FirstOrDefault(MyInvocation.BoundParameters.ContainsKey) is { } given)
        {
            throw failure("-" + given, why);
        }
    }
}
