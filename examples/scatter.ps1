#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Empties a KVM host to several others, chosen by their own traffic and room.
.DESCRIPTION
    Measures both sides, shows what each strategy would do, and moves the VMs by the plan of least contention. VMs that
    stand in for each other do not end on one host. Asks before it moves a VM; -Confirm:$false does not, -WhatIf only shows.
.EXAMPLE
    ./scatter.ps1 kvm1 -Destination kvm2, kvm3, kvm4 -Separate web1, web2
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [Parameter(Mandatory, Position = 0)] [string] $HostName,
    [Parameter(Mandatory)] [string[]] $Destination,
    # VMs of which no two may go to one host.
    [string[]] $Separate = @()
)

$ErrorActionPreference = 'Stop'
$wishes = if ($Separate) { @{ Separate = $Separate } } else { @{} }
$rates = Get-VMTrafficRate $HostName -DirtyRate
# Measured once, so that comparison and plan rest on the same figures.
$hosts = Get-HostTraffic $Destination

$rates | Compare-MigrationPlan -Destination $hosts @wishes | Format-Table | Out-Host
$plan = $rates | Get-MigrationPlan -Destination $hosts @wishes
$plan[0].Plan.Explain() | Out-Host

# The preferences that -WhatIf and -Confirm have set reach the cmdlet.
$plan | Start-TrafficSensitiveMigration
