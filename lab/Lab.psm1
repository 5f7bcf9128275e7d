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

Export-ModuleMember -Function Invoke-Lab, Start-LabTraffic, Stop-LabTraffic, Get-LabTrafficMean
