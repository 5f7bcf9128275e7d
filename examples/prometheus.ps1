#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Plans by what Prometheus has recorded over the last minutes, rather than by a measurement of this moment.
.DESCRIPTION
    For hosts that are scraped anyway: no login for measuring, and a window as long as wanted. What Prometheus does not
    know (the uplink's speed, background traffic, which traffic stays on the host) is given or taken from the
    destination; see docs/prometheus.md.
.EXAMPLE
    ./prometheus.ps1 http://mon:9090 kvm1 -Destination kvm2 -Window 900
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)] [uri] $PrometheusUri,
    [Parameter(Mandatory, Position = 1)] [string[]] $HostName,
    [Parameter(Mandatory)] [string[]] $Destination,
    # Seconds.
    [int] $Window = 300,
    # The sources' uplinks; by default those of the destinations.
    [long] $LinkBitsPerSecond
)

$ErrorActionPreference = 'Stop'
$hosts = Get-HostTraffic $Destination
if (-not $LinkBitsPerSecond) { $LinkBitsPerSecond = ($hosts.LinkBitsPerSecond | Measure-Object -Minimum).Minimum }

Get-VMTrafficRate -PrometheusUri $PrometheusUri -HostName $HostName -Window $Window |
    Select-Object *, @{ Name = 'LinkBitsPerSecond'; Expression = { $LinkBitsPerSecond } } -ExcludeProperty LinkBitsPerSecond |
    Get-MigrationPlan -Destination $hosts
