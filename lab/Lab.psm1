# The lab as PowerShell functions: the same from the machine (by namespaces) and from its control box (by SSH).
$ErrorActionPreference = 'Stop'
$lab = Join-Path $PSScriptRoot 'lab.sh'

# Runs lab.sh and throws with what it said if it fails.
function Invoke-Lab {
    $said = bash $lab @args 2>&1
    if ($LASTEXITCODE -ne 0) {
        throw "lab.sh $args failed with exit code ${LASTEXITCODE}: $said"
    }

    $said | ForEach-Object { "$_" }
}

# Booted guests of 128 MiB on kvm-a, for several test files: one that runs there already is used. Nobody stops them but the lab.
function Start-SharedGuest([string[]] $VM) {
    $there = ssh kvm-a virsh -q list --name
    $VM | Where-Object { $_ -notin $there } | ForEach-Object -Parallel {
        Import-Module "$using:PSScriptRoot/Lab.psm1"
        Invoke-Lab guest-start kvm-a $_ --memory 128 --fill 8
    }
}

# Starts a flow between the outside client and a VM (out: the VM sends), or from a VM to another. It ends by itself after -Seconds.
function Start-LabTraffic([string] $VM, [ValidateSet('out', 'in', 'to')] [string] $Direction, [string] $Rate = '0', [int] $Seconds = 600, [string] $Peer) {
    $other = @($Peer | Where-Object { $_ })
    Invoke-Lab traffic-start --rate $Rate --seconds $Seconds $VM $Direction @other
}

function Stop-LabTraffic([string] $VM, [ValidateSet('out', 'in', 'to')] [string] $Direction, [string] $Peer) {
    $other = @($Peer | Where-Object { $_ })
    Invoke-Lab traffic-stop $VM $Direction @other
}

# A flow's mean over a span of time, bit/s, by iperf3's own figures.
function Get-LabTrafficMean([string] $VM, [ValidateSet('out', 'in', 'to')] [string] $Direction, [DateTimeOffset] $From, [DateTimeOffset] $To, [string] $Peer) {
    $other = @($Peer | Where-Object { $_ })
    [long](Invoke-Lab traffic-mean $VM $Direction @other $From.ToUnixTimeSeconds() $To.ToUnixTimeSeconds())
}

# Measures while vm1 sends and vm2 receives: of each, in this order, the rate and what iperf3 said over the very same window.
function Measure-LabFlows([string] $Rate, [int] $SettleSeconds, [scriptblock] $Measure) {
    $flows = @{ VM = 'vm1'; Direction = 'out' }, @{ VM = 'vm2'; Direction = 'in' }
    $flows | ForEach-Object { Start-LabTraffic @_ -Rate $Rate -Seconds 90 }
    Start-Sleep $SettleSeconds
    try {
        $measured = & $Measure
        # iperf3 stamps a line when its second is over: the last one must have been written.
        Start-Sleep 1
        foreach ($flow in $flows) {
            $one = $measured | Where-Object VMName -EQ $flow.VM
            $iperf = Get-LabTrafficMean @flow -From ($one.SampledAt - $one.Window) -To $one.SampledAt
            Write-Host "$($flow.VM) $($flow.Direction): Tx $($one.TxBitsPerSecond), Rx $($one.RxBitsPerSecond), iperf3 $iperf bit/s, $($one.SampleCount) intervals, $($one.Window.TotalSeconds) s"
            [pscustomobject]@{ Rate = $one; Iperf = $iperf }
        }
    }
    finally {
        $flows | ForEach-Object { Stop-LabTraffic @_ }
    }
}

# Of these two: within 5 % of iperf3, and hardly anything the other way. That something flowed at all (-AtLeast, bit/s) may
# ask for no more than half of what was to flow: a busy machine's guests send less.
function Assert-LabFlows($Out, $In, [double] $AtLeast) {
    foreach ($flow in @{ Seen = $Out; Flows = 'Tx'; Rests = 'Rx' }, @{ Seen = $In; Flows = 'Rx'; Rests = 'Tx' }) {
        $rate = $flow.Seen.Rate."$($flow.Flows)BitsPerSecond"
        $iperf = $flow.Seen.Iperf
        [math]::Abs($rate / $iperf - 1) | Should -BeLessThan 0.05 -Because "$($flow.Flows) $rate, iperf3 $iperf"
        $iperf | Should -BeGreaterThan $AtLeast
        $flow.Seen.Rate."$($flow.Rests)BitsPerSecond" | Should -BeLessThan (0.03 * $iperf)
    }
}

Export-ModuleMember -Function Invoke-Lab, Start-SharedGuest, Start-LabTraffic, Stop-LabTraffic, Get-LabTrafficMean, Measure-LabFlows, Assert-LabFlows
