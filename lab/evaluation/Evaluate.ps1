<#
    One suite of the evaluation, in the lab's control box (`build.ps1 -Task Evaluate`): every strategy under the same
    traffic between the same hosts, in turns, repeated; a line of JSON a run. VMs go there and back, so that each
    strategy meets both directions of a symmetric set-up; in a suite that is OneWay they are started anew.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Suite,
    [int] $Repeats = 5,
    [string[]] $Strategy,
    [Parameter(Mandatory)] [string] $OutFile
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Import-Module "$PSScriptRoot/../../out/TrafficMigration/TrafficMigration.psd1"
Import-Module "$PSScriptRoot/../Lab.psm1", "$PSScriptRoot/Strategies.psm1", "$PSScriptRoot/Machine.psm1", "$PSScriptRoot/Load.psm1"
$definition = Import-PowerShellDataFile "$PSScriptRoot/suites/$Suite.psd1"
$oneWay = $definition.ContainsKey('OneWay')
$known = Get-Strategy $definition
$names = $Strategy ? $Strategy : @($known.Keys)
$scratch = [IO.Directory]::CreateTempSubdirectory('evaluate-').FullName
# One second to settle, then what the flows reach undisturbed.
$quiet = 6

$unit = $definition.ContainsKey('Unit') ? $definition.Unit : 'Mbps'
$scale = $unit -eq 'Mbps' ? 1e6 : 1

$link = [long](ssh kvm-a cat /sys/class/net/uplink0/speed) * 1000000
$turn = $definition.ContainsKey('Turn') ? @{ AfterSeconds = $definition.Turn.AfterSeconds; Flows = @(Resolve-Flows $definition.Turn.Flows $link) } : $null
$background = $definition.ContainsKey('Background') ? [long](Get-Share $definition.Background $link) : 0
$flows = @(Resolve-Flows $definition.Flows $link)

function Start-Guests {
    $calls = @(foreach ($guest in $definition.Guests) {
        $dirty = @(if ($guest.ContainsKey('DirtyRate')) { '--dirty-rate', (Get-Share $guest.DirtyRate ($link / 8MB)).ToString('f2') })
        @{ Words = @('guest-start') + $guest.Options + $dirty + @($guest.Home, $guest.VM) }
    })
    $calls | ForEach-Object -ThrottleLimit 4 -Parallel {
        Import-Module "$using:PSScriptRoot/../Lab.psm1"
        $words = $_.Words
        Invoke-Lab @words
    }
    if ($definition.ContainsKey('Servers')) {
        foreach ($vm in $definition.Servers) { Invoke-Lab redis-start $vm }
    }
}

function Stop-Guests {
    foreach ($guest in $definition.Guests) { Invoke-Lab guest-stop $guest.VM }
}

function Get-Moves([bool] $Back) {
    foreach ($guest in $definition.Guests) {
        [pscustomobject]@{ VM = $guest.VM; Source = $Back ? $guest.Away : $guest.Home; Destination = $Back ? $guest.Home : $guest.Away }
    }
}

function Invoke-Run([string] $Name, [int] $Repeat, [bool] $Back) {
    $moves = @(Get-Moves $Back)
    $hosts = @(@($moves.Source) + @($moves.Destination) | Select-Object -Unique)
    $load = Start-Load $flows
    $turning = $null
    $others = $background ? (Start-Background $moves[0].Destination $background) : $null
    try {
        Start-Sleep ($quiet + 1)
        $settled = [DateTimeOffset]::Now
        $before = Get-LoadMean $load $settled.AddSeconds(-$quiet) $settled
        $prepared = $Name -eq 'None' ? $null : (Initialize-Strategy $Name $moves $oneWay $definition)
        $watch = Start-MachineWatch $hosts $scratch
        $turning = $turn ? (Start-Turn $load $turn) : $null
        $begin = [DateTimeOffset]::Now
        if ($prepared) {
            $results = @(Invoke-Strategy $prepared)
            $begun = @($results | Where-Object { $null -ne $_.Seconds })
            if (-not $begun) { throw "no VM began to move: $($results.Said -join '; ')" }
            $begin = ($begun.StartTime | Measure-Object -Minimum).Minimum
            $end = ($begun | ForEach-Object { $_.StartTime + [TimeSpan]::FromSeconds($_.Seconds) } | Measure-Object -Maximum).Maximum
        }
        else {
            $results = @()
            Start-Sleep 20
            $end = [DateTimeOffset]::Now
        }

        $machine = Stop-MachineWatch $watch $begin $end
        if ($turning) { $load = Complete-Turn $turning; $turning = $null }
        Start-Sleep 2 # the log's last line is written when its second is over
        [pscustomobject]@{
            Suite = $Suite; LinkBitsPerSecond = $link; Strategy = $Name; Repeat = $Repeat; Back = $Back; Begin = $begin; Seconds = ($end - $begin).TotalSeconds
            PredictedSeconds = if ($prepared) { $prepared.PredictedSeconds }
            Run = if ($prepared -and $prepared.Plan) { (Get-TrafficSensitiveMigration -Last).Id }
            Planned = @(if ($prepared) { $prepared.Plan | ForEach-Object { "$($_.VMName): $($_.Technique) to $($_.Destination)" } })
            Before = $before; During = Get-LoadMean $load $begin $end
            MachineBusy = $machine.Machine; VcpuBusy = $machine.Vcpu
            # The processor instead of the links: such a run says nothing.
            Void = $machine.Machine -gt 0.95 -or $machine.Vcpu -gt 0.97 -or @($results | Where-Object { -not $_.Completed }).Count -gt 0
            VMs = $results
        }
    }
    finally {
        # Also of a run that failed: nothing flows on once it is over.
        if ($turning) { $load = Complete-Turn $turning }
        Stop-Load $load
        if ($others) { Stop-Background $others }
    }
}

Write-Host "Suite ${Suite}: $($definition.About)"
$null = New-Item -ItemType Directory (Split-Path $OutFile) -Force
# Journals stay beside the figures, so that any run can be looked at when the lab is gone.
$env:XDG_STATE_HOME = [IO.Path]::ChangeExtension($OutFile, '.state')
Start-Guests
$back = $false
$ids = [ordered]@{}
try {
    for ($repeat = 1; $repeat -le $Repeats; $repeat++) {
        # Interleaved, and begun with another one each time: whatever changes on this machine meanwhile meets all alike.
        foreach ($i in 0..($names.Count - 1)) {
            $name = $names[($i + $repeat - 1) % $names.Count]
            $run = Invoke-Run $name $repeat $back
            $run | ConvertTo-Json -Depth 6 -Compress | Add-Content $OutFile
            Write-Host ('{0} {1,2} {2,-20} {3,6:n1} s {4,9:n0} MB {5,7:n2} of {6,7:n2} {10}  busy {7:p0}, vCPU {8:p0}{9}' -f (Get-Date -Format HH:mm:ss), $repeat, $name,
                $run.Seconds, ([Linq.Enumerable]::Sum([double[]]@($run.VMs | ForEach-Object Bytes)) / 1e6), ($run.During / $scale), ($run.Before / $scale), $run.MachineBusy, $run.VcpuBusy, ($run.Void ? '  void' : ''), $unit)
            if ($run.Run -and -not $run.Void) { $ids[$name] = $run.Run }
            $run.VMs | Where-Object Said | ForEach-Object { Write-Host "     $($_.VMName): $($_.Said)" }
            if ($name -eq 'None') { continue }
            if ($oneWay) { Stop-Guests; Start-Guests } else { $back = -not $back }
            if (-not $oneWay -and @($run.VMs | Where-Object { -not $_.Completed })) {
                # Nobody knows who is where: begin again with new guests at home.
                Stop-Guests; Start-Guests; $back = $false
            }
        }
    }

    # The executor's newest runs side by side, as a user would look at them.
    if ($ids.Count) { Export-MigrationReport ([IO.Path]::ChangeExtension($OutFile, '.html')) -Id @($ids.Values) -Title "Suite $Suite" }
}
finally {
    Stop-Guests
    Remove-Item $scratch -Recurse
}
