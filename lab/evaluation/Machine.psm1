<#
    Whether the machine was the limit instead of the links. All lab hosts share its processors, and an emulated guest has
    one thread for its vCPU: where either is busy all the time, a run says nothing about links.
#>
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

# Each second the times of all vCPU threads of a host, in hundredths of a second; ends by itself.
$vcpus = 'export LC_ALL=C; exec timeout 900 sh -c ''while echo "at $(date +%s)"; do cat /proc/[0-9]*/task/*/stat 2>/dev/null | grep "(CPU [0-9]*/TCG)"; sleep 1; done'''

function Get-BusyTime {
    # user nice system idle iowait irq softirq steal; what the hypervisor below gave to others was not ours to use.
    $ticks = [long[]](((Get-Content /proc/stat -TotalCount 1) -split '\s+')[1..8])
    [pscustomobject]@{ All = ($ticks | Measure-Object -Sum).Sum; Idle = $ticks[3] + $ticks[4] }
}

function Start-MachineWatch([string[]] $HostName, [string] $Folder) {
    $watches = foreach ($name in $HostName) {
        $file = Join-Path $Folder "vcpu-$name.txt"
        @{ Host = $name; File = $file; Process = Start-Process ssh -ArgumentList '-n', $name, $vcpus.Replace('"', '\"') -RedirectStandardOutput $file -PassThru }
    }

    @{ Watches = @($watches); Begin = Get-BusyTime }
}

# Share of the machine's processors that was busy since the start, and of the busiest vCPU's thread between two moments.
function Stop-MachineWatch($Watch, [DateTimeOffset] $From, [DateTimeOffset] $To) {
    $end = Get-BusyTime
    $busiest = foreach ($one in $Watch.Watches) {
        $one.Process.Kill()
        $one.Process.WaitForExit()
        $at = 0
        $first = @{}
        $last = @{}
        foreach ($line in Get-Content $one.File) {
            if ($line -match '^at (\d+)') { $at = [long]$Matches[1]; continue }
            if ($at -lt $From.ToUnixTimeSeconds() -or $at -gt $To.ToUnixTimeSeconds() + 1) { continue }
            $thread, $rest = $line -split ' \(CPU \d+/TCG\) ', 2
            $fields = $rest -split ' ' # from the third on: state is the first of these
            $now = @{ At = $at; Ticks = [long]$fields[11] + [long]$fields[12] }
            if (-not $first.ContainsKey($thread)) { $first[$thread] = $now }
            $last[$thread] = $now
        }

        foreach ($thread in $first.Keys) {
            $seconds = $last[$thread].At - $first[$thread].At
            # The whole seconds of a short life are too coarse.
            if ($seconds -ge 5) { ($last[$thread].Ticks - $first[$thread].Ticks) / 100 / $seconds }
        }
    }

    $all = $end.All - $Watch.Begin.All
    [pscustomobject]@{
        Machine = [math]::Round(1 - ($end.Idle - $Watch.Begin.Idle) / $all, 3)
        Vcpu    = [math]::Round([double]($busiest | Measure-Object -Maximum).Maximum, 3)
    }
}

Export-ModuleMember -Function Start-MachineWatch, Stop-MachineWatch
