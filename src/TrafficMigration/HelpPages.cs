namespace TrafficMigration.Commands;

/// <summary>Where Get-Help -Online leads.</summary>
internal static class HelpPages
{
    /// <summary>The folder of the cmdlets' pages, below the manifest's ProjectUri.</summary>
    public const string Folder = "https://github.com/trafficmigration/trafficmigration/blob/main/docs/cmdlets/";
}
