#!/usr/bin/env pwsh
<#
.SYNOPSIS
    A plan as a file that somebody else reviews: one makes it, another approves it, a third one runs exactly that.
.DESCRIPTION
    Propose measures, plans, and writes the plan as JSON. Approve shows it and writes beside it who approved which
    content (SHA-256). Run refuses a plan that nobody approved or that was changed afterwards, and rates that are too
    old to rest on. A reviewer may change the plan, a bandwidth limit for one, before approving it.
.EXAMPLE
    ./approve-plan.ps1 Propose plan.json -HostName kvm1 -Destination kvm2
.EXAMPLE
    ./approve-plan.ps1 Approve plan.json
.EXAMPLE
    ./approve-plan.ps1 Run plan.json -MaxRateAge 08:00:00
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)] [ValidateSet('Propose', 'Approve', 'Run')] [string] $Step,
    [Parameter(Mandatory, Position = 1)] [string] $Path,
    [string[]] $HostName,
    [string[]] $Destination,
    [timespan] $MaxRateAge = '01:00:00'
)

$ErrorActionPreference = 'Stop'
$approval = "$Path.approved"
switch ($Step) {
    Propose {
        # Deeper than 2 the whole plan would be repeated in each VM's part, hence the warning that it is cut there.
        Get-VMTrafficRate $HostName | Get-MigrationPlan -Destination $Destination |
            ConvertTo-Json -AsArray -WarningAction Ignore | Set-Content $Path
        Get-Item $Path
    }
    Approve {
        $plan = Get-Content $Path -Raw | ConvertFrom-Json
        $plan | Format-Table VMName, Source, Destination, @{ Name = 'Technique'; Expression = { 'PreCopy', 'PostCopy' | Select-Object -Index $_.Technique } }, PredictedDuration, Reason | Out-Host
        @{ User = [Environment]::UserName; Time = [datetimeoffset]::Now.ToString('o'); Sha256 = (Get-FileHash $Path).Hash } | ConvertTo-Json | Set-Content $approval
        Get-Item $approval
    }
    Run {
        if (-not (Test-Path $approval)) { throw "Nobody has approved '$Path'." }
        if ((Get-Content $approval -Raw | ConvertFrom-Json).Sha256 -ne (Get-FileHash $Path).Hash) { throw "'$Path' was changed after it was approved." }
        Get-Content $Path -Raw | ConvertFrom-Json | Start-TrafficSensitiveMigration -Confirm:$false -MaxRateAge $MaxRateAge
    }
}
