#!/usr/bin/env pwsh
<#
.SYNOPSIS
    The two ends of a maintenance window, for a scheduler: empties a host, and brings its VMs back afterwards.
.DESCRIPTION
    -Phase Begin moves what runs on the host away (by evacuate.ps1, which can be called again until it ends with 0).
    -Phase End brings back, from wherever they are now, the VMs that the last run took away.

    Exit codes are evacuate.ps1's: 0 done, 1 nothing was begun, 2 a VM did not move, 3 the end of a migration was not seen.
    Each event is a line of JSON in the log.
.EXAMPLE
    pwsh -NonInteractive -File maintenance-window.ps1 -Phase Begin -HostName kvm1 -Destination kvm2,kvm3 -Until 04:00 -LogPath window.log
.EXAMPLE
    pwsh -NonInteractive -File maintenance-window.ps1 -Phase End -HostName kvm1 -LogPath window.log
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [ValidateSet('Begin', 'End')] [string] $Phase,
    [Parameter(Mandatory)] [string] $HostName,
    [string] $Destination,
    # When the host must be empty, today or, if that is past, tomorrow. Pre-copies that run then are cancelled.
    [datetime] $Until = [datetime]::Now.AddHours(2),
    [Parameter(Mandatory)] [string] $LogPath,
    [string] $JournalPath
)

$journal = if ($JournalPath) { @{ JournalPath = $JournalPath } } else { @{} }
if ($Until -lt [datetime]::Now) { $Until = $Until.AddDays(1) }
$left = $Until - [datetime]::Now

if ($Phase -eq 'Begin') {
    & "$PSScriptRoot/evacuate.ps1" -HostName $HostName -Destination $Destination -RunTimeout $left -LogPath $LogPath @journal
    exit $LASTEXITCODE
}

try {
    # The newest comes first.
    $away = Get-TrafficSensitiveMigration @journal | Where-Object { $_.VirtualMachines.Plan.Source -contains $HostName } | Select-Object -First 1
    if (-not $away) {
        Write-Warning "No run has taken a VM away from $HostName."
        exit 1
    }

    $results = $away | Get-MigrationPlan -ReturnHome | Where-Object Destination -EQ $HostName |
        Start-TrafficSensitiveMigration -Confirm:$false -RunTimeout $left @journal -InformationVariable events
    $results | Select-Object VMName, Source, Destination, TechniqueUsed, Outcome, TotalTime, Downtime | Format-Table
    if ($results.Outcome -contains 'Unclear') { exit 3 }
    if ($results | Where-Object Outcome -NotIn Completed, AlreadyThere) { exit 2 }
    exit 0
}
catch {
    $_ | Out-Default
    exit 1
}
finally {
    $events.MessageData | Where-Object { $_ } | ForEach-Object { ConvertTo-Json $_ -Compress } | Add-Content $LogPath
}
