<#
    The applications' traffic of a suite: flows of iperf3 ("vm1 out", "vm2 in", "vm1 to vm2") or Redis and those who ask it
    ("vm8 queries vm1"), started together, and what they reach. A load is a list of flows with the time from which each
    counts and up to which. A suite gives rates as shares of the link ("46%"), so that one figure makes it slower or faster.
#>
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Import-Module "$PSScriptRoot/../Lab.psm1"

# The words of lab.sh for a flow: its command, and what follows.
function Get-Words([string] $Action, [string] $Flow, [string[]] $Options = @()) {
    $words = $Flow -split ' '
    $kind = 'traffic'
    if ($words[1] -eq 'queries') { $kind = 'queries'; $words = $words[0, 2] }
    @("$kind-$Action") + $Options + $words
}

# "46%" of a link, in its unit.
function Get-Share([string] $Share, [double] $Link) { $Link * [int]$Share.TrimEnd('%') / 100 }

# Flows with rates in bit/s; without one a flow is as fast as it goes.
function Resolve-Flows($Flows, [long] $Link) {
    foreach ($flow in $Flows) {
        @{ Flow = $flow.Flow; Rate = $flow.ContainsKey('Rate') ? [long](Get-Share $flow.Rate $Link) : 0 }
    }
}

function Start-Flows($Flows) {
    $calls = @(foreach ($flow in $Flows) {
        @{ Words = Get-Words start $flow.Flow @('--seconds', '600', '--rate', $flow.Rate) }
    })
    $calls | ForEach-Object -ThrottleLimit 4 -Parallel {
        Import-Module "$using:PSScriptRoot/../Lab.psm1"
        $words = $_.Words
        Invoke-Lab @words
    }
}

function Stop-Flows($Flows) {
    foreach ($flow in $Flows) {
        $words = Get-Words stop $flow.Flow
        Invoke-Lab @words
    }
}

function Start-Load($Flows) {
    Start-Flows $Flows
    @(foreach ($flow in $Flows) { @{ Flow = $flow; From = [DateTimeOffset]::Now; To = $null } })
}

function Stop-Load($Load) {
    Stop-Flows ($Load | Where-Object { -not $_.To } | ForEach-Object { $_.Flow })
}

# All flows together over a span of time: bit/s of payload, or answers a second.
function Get-LoadMean($Load, [DateTimeOffset] $From, [DateTimeOffset] $To) {
    $sum = 0
    foreach ($part in $Load) {
        $begin = $part.From -gt $From ? $part.From : $From
        $end = $part.To -and $part.To -lt $To ? $part.To : $To
        if (($end - $begin).TotalSeconds -lt 1) { continue }
        $words = Get-Words mean $part.Flow.Flow
        $sum += [double](Invoke-Lab @words $begin.ToUnixTimeSeconds() $end.ToUnixTimeSeconds()) * ($end - $begin).TotalSeconds
    }

    $sum / ($To - $From).TotalSeconds
}

# Turns the traffic round after some seconds, while the VMs move.
function Start-Turn($Load, $Turn) {
    Start-ThreadJob -ArgumentList $PSCommandPath, $Load, $Turn -ScriptBlock {
        param($Module, $Load, $Turn)
        Import-Module $Module
        Start-Sleep $Turn.AfterSeconds
        Switch-Load $Load $Turn.Flows
    }
}

# From one load to another; a flow of both goes on.
function Switch-Load($Load, $Flows) {
    $over = @($Load | Where-Object { $_.Flow.Flow -notin $Flows.Flow })
    foreach ($part in $over) { $part.To = [DateTimeOffset]::Now }
    Stop-Flows ($over | ForEach-Object { $_.Flow })
    @($Load) + @(Start-Load @($Flows | Where-Object { $_.Flow -notin $Load.Flow.Flow }))
}

function Complete-Turn($Turning) {
    $Turning | Receive-Job -Wait -AutoRemoveJob
}

# A command on a host for as long as our end of its standard input is open: it ends with us, however we end.
function Start-Remote([string] $HostName, [string] $Command) {
    $start = [Diagnostics.ProcessStartInfo]::new('ssh')
    $start.RedirectStandardInput = $true
    foreach ($word in $HostName, "$Command >/dev/null 2>&1 & cat >/dev/null; kill `$! 2>/dev/null; wait") { $start.ArgumentList.Add($word) }
    [Diagnostics.Process]::Start($start)
}

# Somebody else's traffic, from the client to a host. Both ends end with their time, too.
function Start-Background([string] $HostName, [string] $Rate) {
    # The sender's port chooses the leaf of the shaper (lab/wire.sh); this is one that no guest of a suite has.
    $port = 40016 + 32 * (Get-Random -Maximum 300)
    $server = Start-Remote $HostName 'exec timeout 660 iperf3 -s -1 -p 5299'
    foreach ($try in 1..50) {
        if (ssh $HostName "ss -Hltn 'sport = :5299'") { break }
        Start-Sleep -Milliseconds 100
    }
    $client = Start-Remote client "exec timeout 640 iperf3 -c $HostName -p 5299 --cport $port -b $Rate -t 600"
    @{ Server = $server; Client = $client }
}

function Stop-Background($Background) {
    foreach ($end in $Background.Client, $Background.Server) {
        $end.StandardInput.Close()
        $end.WaitForExit()
    }
}

Export-ModuleMember -Function Get-Share, Resolve-Flows, Start-Load, Stop-Load, Get-LoadMean, Start-Turn, Switch-Load, Complete-Turn, Start-Background, Stop-Background
