#!/usr/bin/env pwsh
<#
.SYNOPSIS
    The two ends of a maintenance window, for a scheduler: empties a host, and brings its VMs back afterwards.
.DESCRIPTION
    -Phase Begin moves what runs on the host away (by evacuate.ps1, which can be called again until it ends with 0).
    -Phase End brings back, from wherever they are now, the VMs that have left the host since then.

    Exit codes are evacuate.ps1's: 0 done, 1 nothing was begun, 2 a VM did not move, 3 the end of a migration was not seen.
    Each event is a line of JSON in the log, and so are a window's beginning and end: -Phase End needs the log of -Phase Begin.
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

function Write-Window([string] $Phase) {
    [ordered]@{ Window = $Phase; HostName = $HostName; Time = [DateTimeOffset]::UtcNow.ToString('o') } | ConvertTo-Json -Compress | Add-Content $LogPath
}

# The host's window that has begun and not ended, by the log.
$window = Get-Content $LogPath -ErrorAction Ignore | ConvertFrom-Json | Where-Object { $_.Window -and $_.HostName -eq $HostName } |
    Select-Object -Last 1 | Where-Object Window -EQ Begin

if ($Phase -eq 'Begin') {
    # Called again for what did not move, it goes on with the same window.
    if (-not $window) { Write-Window Begin }
    & "$PSScriptRoot/evacuate.ps1" -HostName $HostName -Destination $Destination -RunTimeout $left -LogPath $LogPath @journal
    exit $LASTEXITCODE
}

if (-not $window) {
    Write-Warning "$LogPath knows no window of $HostName that has begun and not ended: nothing to bring back."
    exit 1
}

try {
    $runs = Get-TrafficSensitiveMigration @journal | Where-Object StartTime -GE ([DateTimeOffset] $window.Time)
    $results = if ($runs) {
        $runs | Get-MigrationPlan -ReturnHome | Where-Object Destination -EQ $HostName |
            Start-TrafficSensitiveMigration -Confirm:$false -RunTimeout $left @journal -InformationVariable events
    }

    $results | Select-Object VMName, Source, Destination, TechniqueUsed, Outcome, TotalTime, Downtime | Format-Table
    if ($results.Outcome -contains 'Unclear') { exit 3 }
    if ($results | Where-Object Outcome -NotIn Completed, AlreadyThere) { exit 2 }
    Write-Window End
    exit 0
}
catch {
    if ($_.FullyQualifiedErrorId -like 'NobodyToReturn,*') {
        # An earlier call has brought all of them back and was ended before it could say so.
        Write-Window End
        exit 0
    }

    $_ | Out-Default
    exit 1
}
finally {
    $events.MessageData | Where-Object { $_ } | ForEach-Object { ConvertTo-Json $_ -Compress } | Add-Content $LogPath
}
