<#
    The demo, run in the lab's control box by `build.ps1 -Task Demo`: one line of the product between real hosts, then
    the same VMs once with pre-copy only and once with post-copy only, there and back, under the same traffic.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $OutFile
)

$ErrorActionPreference = 'Stop'
if ([Console]::IsOutputRedirected) {
    $PSStyle.OutputRendering = 'PlainText'
}

Import-Module "$PSScriptRoot/../out/TrafficMigration/TrafficMigration.psd1"
Import-Module "$PSScriptRoot/Lab.psm1"

# The flows that the demo runs under: vm1 sends, vm2 receives, both as fast as the link lets them.
$flows = @(
    @{ VM = 'vm1'; Direction = 'out' }
    @{ VM = 'vm2'; Direction = 'in' }
)

function Show-Domains {
    foreach ($name in 'kvm-a', 'kvm-b') {
        Write-Host "virsh list on ${name}:" -ForegroundColor DarkGray
        (ssh $name virsh -q list) -split "`n" | Where-Object { $_ } | ForEach-Object { Write-Host "  $_" }
    }
}

function Invoke-Strategy([string] $From, [string] $To, [string] $Strategy) {
    Write-Host ''
    Write-Host "PS> Get-VMTrafficRate -HostName $From | Get-MigrationPlan -Destination $To -Strategy $Strategy | Start-TrafficSensitiveMigration" -ForegroundColor Green
    $rates = Get-VMTrafficRate -HostName $From
    $rates | Format-Table | Out-Host
    $plan = $rates | Get-MigrationPlan -Destination $To -Strategy $Strategy
    $plan | Format-Table | Out-Host
    Write-Host "Migrating; by prediction $([int]$plan[0].Plan.PredictedDuration.TotalSeconds) s without dirtied memory ..." -ForegroundColor DarkGray
    $results = $plan | Start-TrafficSensitiveMigration -Confirm:$false
    $results | Format-Table | Out-Host
    Show-Domains

    $start = ($results.StartTime | Measure-Object -Minimum).Minimum
    $end = ($results | ForEach-Object { $_.StartTime + $_.TotalTime } | Measure-Object -Maximum).Maximum
    [pscustomobject]@{
        Strategy                  = $Strategy
        Source                    = $From
        Destination               = $To
        PredictedSeconds          = [math]::Round($plan[0].Plan.PredictedDuration.TotalSeconds, 2)
        TotalMigrationTimeSeconds = [math]::Round(($end - $start).TotalSeconds, 2)
        BytesTransferred          = [long]($results.BytesTransferred | Measure-Object -Sum).Sum
        Flows                     = @(foreach ($flow in $flows) {
                [pscustomobject]@{
                    VMName            = $flow.VM
                    Direction         = $flow.Direction
                    MeanBitsPerSecond = Get-LabTrafficMean @flow -From $start -To $end
                }
            })
        Rates                     = @($rates)
        Plan                      = @($plan | Select-Object VMName, Source, Destination, Technique, SourceContentionBitsPerSecond, DestinationContentionBitsPerSecond, Reason)
        Results                   = @($results | Select-Object VMName, Technique, TechniqueUsed, @{ n = 'Outcome'; e = { "$($_.Outcome)" } }, @{ n = 'TotalTimeSeconds'; e = { $_.TotalTime.TotalSeconds } }, @{ n = 'DowntimeSeconds'; e = { $_.Downtime.TotalSeconds } }, BytesTransferred)
    }
}

# There, back, and there again: each strategy meets the same VMs and the same traffic.
$runs = @(
    Invoke-Strategy kvm-a kvm-b TrafficSensitive
    Invoke-Strategy kvm-b kvm-a PreCopy
    Invoke-Strategy kvm-a kvm-b PostCopy
)

@{
    CreatedAt      = [DateTimeOffset]::Now
    MachineCores   = [Environment]::ProcessorCount
    QemuVersion    = (ssh kvm-a virsh version) -match 'hypervisor' -replace '.*:\s*'
    LibvirtVersion = "$(ssh kvm-a virsh --version)"
    Runs           = $runs
} | ConvertTo-Json -Depth 6 -EnumsAsStrings | Set-Content $OutFile

Write-Host ''
Write-Host 'The three strategies, same VMs, same traffic:' -ForegroundColor Cyan
$runs | Format-Table Strategy,
    @{ n = 'Predicted s'; e = { $_.PredictedSeconds.ToString('0.0') }; Alignment = 'Right' },
    @{ n = 'TMT s'; e = { $_.TotalMigrationTimeSeconds.ToString('0.0') }; Alignment = 'Right' },
    @{ n = 'Moved GiB'; e = { ($_.BytesTransferred / 1GB).ToString('0.00') }; Alignment = 'Right' },
    @{ n = 'vm1 sends Mbps'; e = { ($_.Flows[0].MeanBitsPerSecond / 1e6).ToString('0.0') }; Alignment = 'Right' },
    @{ n = 'vm2 receives Mbps'; e = { ($_.Flows[1].MeanBitsPerSecond / 1e6).ToString('0.0') }; Alignment = 'Right' } | Out-Host
