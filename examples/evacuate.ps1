#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Empties KVM hosts from a scheduler (cron, a systemd timer, Task Scheduler), with an exit code that says how it went.
.DESCRIPTION
    Takes up what an earlier call left open, then moves every VM that still runs on the hosts. It can be called again
    until it ends with 0.

    Exit codes: 0  no VM runs on the hosts any more
                1  something is wrong before anything was begun; the error says what
                2  at least one VM did not move; it runs where it was unless its error says otherwise
                3  the end of a migration was not seen; the next call finds out
.EXAMPLE
    pwsh -NonInteractive -File evacuate.ps1 -HostName kvm1 -Destination kvm2, kvm3 -RunTimeout 02:00:00 -LogPath evacuation.log
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string[]] $HostName,
    [Parameter(Mandatory)] [string[]] $Destination,
    # Pre-copies that run by then are cancelled, and no VM is begun any more.
    [timespan] $RunTimeout = '02:00:00',
    # Every event, a line of JSON each.
    [string] $LogPath,
    [string] $JournalPath
)

# The errors of single VMs are no reason to stop the others.
$ErrorActionPreference = 'Continue'
$journal = if ($JournalPath) { @{ JournalPath = $JournalPath } } else { @{} }
# Under -File, kvm2,kvm3 arrives as one word.
$HostName = $HostName -split ','
$Destination = $Destination -split ','

# So that a host which cannot be measured ends this before anything moves.
$refused = $null
try {
    foreach ($run in Get-TrafficSensitiveMigration @journal -State Interrupted) {
        $null = Resume-TrafficSensitiveMigration -Id $run.Id @journal -InformationVariable +events
    }

    if (Get-TrafficSensitiveMigration @journal -State Interrupted) { exit 3 }
    $rates = Get-VMTrafficRate -HostName $HostName -ErrorVariable refused
    if ($refused) { exit 1 }
    if (-not $rates) { exit 0 }

    $results = $rates | Get-MigrationPlan -Destination $Destination |
        Start-TrafficSensitiveMigration -Confirm:$false -RunTimeout $RunTimeout @journal -InformationVariable +events
    $results | Select-Object VMName, Source, Destination, TechniqueUsed, Outcome, TotalTime, Downtime | Format-Table
    if ($results.Outcome -contains 'Unclear') { exit 3 }
    if ($results | Where-Object Outcome -NotIn Completed, AlreadyThere) { exit 2 }
}
catch {
    $_ | Out-Default
    exit 1
}
finally {
    if ($LogPath) {
        $events.MessageData | Where-Object { $_ } | ForEach-Object { ConvertTo-Json $_ -Compress } | Add-Content $LogPath
    }
}
