using TrafficMigration.Kvm.Offline;

namespace TrafficMigration.Migration.Offline;

/// <summary>A file that crosses for a group.</summary>
/// <param name="Item">Its number in the group, from 0.</param>
/// <param name="VM">The number of the VM in the run that it is counted for.</param>
/// <param name="Path">Where it is, at both ends.</param>
/// <param name="IsWritten">Whether the guest writes into it; of a file that is only read, one that is there already may serve.</param>
internal sealed record OfflineFile(int Item, int VM, string Path, bool IsWritten)
{
    /// <summary>Whether the run itself has made it: a VM's memory.</summary>
    public bool IsMemory { get; init; }
}

/// <summary>What a group takes along; in the journal before the first VM stands still.</summary>
internal sealed record OfflineCargo
{
    /// <summary>All files.</summary>
    public required IReadOnlyList<OfflineFile> Files { get; init; }

    /// <summary>The format of the memory images as <c>virsh save</c> takes it; <see langword="null"/> for libvirt's own choice.</summary>
    public string? ImageFormat { get; init; }

    /// <summary>Which VMs stood still before: they do so afterwards.</summary>
    public IReadOnlyList<int> Paused { get; init; } = [];

    /// <summary>The folder of a run, at each host.</summary>
    public static string Folder(string runId) => $"{OfflineScripts.Folder}/{runId}";

    /// <summary>How the names of a run's files end that are not whole yet.</summary>
    public static string Suffix(string runId) => $".{runId}";

    /// <summary>The image of a VM's memory.</summary>
    public static string Memory(string runId, int vm) => $"{Folder(runId)}/{vm}.memory";
}

/// <summary>How far a group's journal says that it has come.</summary>
/// <param name="Cargo">What it takes along; <see langword="null"/> where nothing was begun.</param>
/// <param name="IsCommitted">Whether all its VMs were at the destination: there is no way back.</param>
/// <param name="Undoes">Why it goes back; <see langword="null"/> where it does not.</param>
internal sealed record OfflineProgress(OfflineCargo? Cargo, bool IsCommitted, OfflineFailure? Undoes)
{
    /// <summary>Reads it from a journal.</summary>
    public static OfflineProgress From(IReadOnlyList<JournalEntry> entries) => new(
        entries.LastOrDefault(e => e.Cargo is not null)?.Cargo, entries.Any(e => e.Committed == true), entries.FirstOrDefault(e => e.Undoes is not null)?.Undoes);
}

/// <summary>Why a group goes back.</summary>
/// <param name="ErrorId">The error's id.</param>
/// <param name="Kind">What kind it is of.</param>
/// <param name="Said">What went wrong, or what was asked for.</param>
/// <param name="VM">The number of the VM that it befell; <see langword="null"/> where it concerns all.</param>
/// <param name="IsWish">Whether the user, or a limit in time, wanted it so.</param>
internal sealed record OfflineFailure(string ErrorId, FailureKind Kind, string Said, int? VM, bool IsWish);
