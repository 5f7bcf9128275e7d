#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Empties hosts one group after another, each by the strategy that is predicted to be best for its traffic of that hour.
.DESCRIPTION
    For each rack: measures, compares the strategies, shows them, takes the one that ends first among those that
    converge, checks, runs. Ends at the first rack of which a VM did not move: the next one would only make it worse.
.EXAMPLE
    ./rack-by-rack.ps1 -Rack (kvm11, kvm12), (kvm21, kvm22) -Destination kvm31, kvm32, kvm33
#>
[CmdletBinding()]
param(
    # Each rack's hosts.
    [Parameter(Mandatory)] [string[][]] $Rack,
    [Parameter(Mandatory)] [string[]] $Destination
)

$ErrorActionPreference = 'Stop'
foreach ($hosts in $Rack) {
    $rates = Get-VMTrafficRate $hosts -DirtyRate
    if (-not $rates) {
        Write-Host "$($hosts -join ', '): nothing runs there"
        continue
    }

    # Each rack that went there has changed what they carry and have room for.
    $destinations = Get-HostTraffic $Destination
    $compared = $rates | Compare-MigrationPlan -Destination $destinations
    $compared | Format-Table | Out-Host
    $best = $compared | Where-Object { $_.PredictedDuration -and -not $_.NotConverging } | Sort-Object PredictedDuration | Select-Object -First 1
    # Without figures to predict by, the least contention.
    $plan = $best ? $best.Plans : ($rates | Get-MigrationPlan -Destination $destinations)
    Write-Host "$($hosts -join ', '): $($plan[0].Plan.Strategy)"
    $plan | Test-MigrationPlan | Where-Object Severity -EQ Error | ForEach-Object { throw $_.Message }
    $results = $plan | Start-TrafficSensitiveMigration -Confirm:$false
    $results
    if ($results | Where-Object Outcome -NotIn Completed, AlreadyThere) {
        throw "Not every VM left $($hosts -join ', '). Look at the results; the racks after it were not begun."
    }
}
