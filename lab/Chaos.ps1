<#
    Random faults at random moments while four VMs move between two lab hosts; after each run an independent judge
    (lab.sh check) looks whether each VM runs exactly once and has lost nothing. The same seed makes the same faults at
    the same planned moments. Run by `build.ps1 -Task Chaos`.
#>
[CmdletBinding()]
param(
    [int] $Runs = 3,
    [int] $Seed = (Get-Random -Maximum 1000000),
    [Parameter(Mandatory)] [string] $Lab,
    [Parameter(Mandatory)] [string] $OutFolder
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$script = "$PSScriptRoot/lab.sh"
$pwsh = (Get-Command pwsh -CommandType Application)[0].Source
$vms = 'vm1', 'vm2', 'vm3', 'vm4'
$hosts = 'kvm-a', 'kvm-b'
$random = [Random]::new($Seed)
$null = New-Item $OutFolder -ItemType Directory -Force
$log = "$OutFolder/chaos-$Seed.jsonl"
Remove-Item $log -ErrorAction Ignore

function Invoke-LabCommand([switch] $Loose) {
    $said = bash $script @args --name $Lab 2>&1
    if ($LASTEXITCODE -ne 0 -and -not $Loose) {
        throw "lab.sh $args failed with ${LASTEXITCODE}: $said"
    }

    $said | ForEach-Object { "$_" }
}

# Runs in a box; what it prints.
function Invoke-Box([string] $Box, [string] $Command) {
    bash $script exec --name $Lab $Box -- bash -c $Command 2>$null
}

function Start-Guest([string] $VM, [string] $HostName, [switch] $NoWait) {
    $options = @(if ($VM -eq 'vm4') { '--dirty-rate', '1', '--working-set', '8' }) + @(if ($NoWait) { '--no-wait' })
    $null = Invoke-LabCommand guest-start @options --memory 128 --fill 12 $HostName $VM
}

# Where the VMs' QEMUs are, by libvirt: name -> hosts.
function Get-Place {
    $place = @{}
    foreach ($vm in $vms) { $place[$vm] = @() }
    foreach ($name in $hosts) {
        foreach ($vm in (Invoke-Box $name 'virsh -q list --all --state-running --state-paused --name') | Where-Object { $_ }) {
            $place[$vm] += $name
        }
    }

    $place
}

# The module in a process of its own, in the control box.
function Start-Control([string] $Text, [string] $Log) {
    # Whatever ran this in the background may have it ignore what Ctrl+C sends, and that is inherited.
    Start-Process env -ArgumentList '--default-signal=INT', 'bash', $script, 'exec', '--name', $Lab, 'control', '--', $pwsh, '-NoProfile', '-NonInteractive', '-EncodedCommand',
        ([Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes("Import-Module '$PSScriptRoot/../out/TrafficMigration/TrafficMigration.psd1'; `$ProgressPreference = 'SilentlyContinue'; $Text"))) `
        -RedirectStandardOutput $Log -RedirectStandardError "$Log.err" -PassThru
}

# The process and all below it.
function Get-Tree([int] $Id) {
    $Id
    foreach ($child in (pgrep -P $Id)) { Get-Tree $child }
}

function Send-Signal([Diagnostics.Process] $Process, [string] $Signal) {
    if (-not $Process.HasExited) {
        $tree = @(Get-Tree $Process.Id)
        [array]::Reverse($tree)
        # The innermost is PowerShell; killed are all, interrupted is only that one.
        $targets = if ($Signal -eq 'KILL') { $tree } else { $tree[0] }
        foreach ($id in $targets) { kill "-$Signal" $id 2>$null }
    }
}

function Wait-Control([Diagnostics.Process] $Process, [int] $Seconds) {
    if (-not $Process.WaitForExit($Seconds * 1000)) {
        Send-Signal $Process KILL
        $null = $Process.WaitForExit(5000)
        return $false
    }

    $true
}

$kinds = 'none', 'kill', 'interrupt', 'interrupt-twice', 'cut-migration', 'cut-control', 'drop-control', 'cut-all', 'libvirtd-source',
    'libvirtd-destination', 'kill-qemu', 'shutdown', 'second-run', 'moved-by-others', 'reset', 'out-of-memory'

function Invoke-Fault([string] $Kind, [hashtable] $Run) {
    $seconds = $Run.Random.Next(2, 8)
    switch ($Kind) {
        'none' { }
        'kill' { Send-Signal $Run.Process KILL }
        'interrupt' { Send-Signal $Run.Process INT }
        'interrupt-twice' { Send-Signal $Run.Process INT; Start-Sleep -Milliseconds 700; Send-Signal $Run.Process INT }
        'cut-migration' { Invoke-LabCommand fault cut $Run.Destination $seconds migration }
        'cut-control' { Invoke-LabCommand fault cut $Run.Random.GetItems($hosts, 1)[0] ($seconds + 6) control }
        'drop-control' { Invoke-LabCommand fault drop-control $Run.Random.GetItems($hosts, 1)[0] }
        'cut-all' { Invoke-LabCommand fault cut $Run.Destination $seconds all }
        'libvirtd-source' { Invoke-LabCommand fault restart-libvirtd $Run.Source ($seconds - 2) }
        'libvirtd-destination' { Invoke-LabCommand fault restart-libvirtd $Run.Destination ($seconds - 2) }
        'kill-qemu' { Invoke-LabCommand -Loose fault kill-qemu $Run.Destination $Run.VM }
        'shutdown' { Invoke-LabCommand -Loose fault shutdown $Run.VM }
        'second-run' {
            $other = Start-Control "`$r = Get-VMTrafficRate $($Run.Source) -SampleCount 1 | Get-MigrationPlan -Destination $($Run.Destination) -NoProbe | Start-TrafficSensitiveMigration -Confirm:`$false -JournalPath '$OutFolder/second'; `$r | ForEach-Object { `"`$(`$_.VMName) `$(`$_.Outcome) `$(`$_.Error.ErrorId)`" }" "$OutFolder/second.log"
            $null = Wait-Control $other 60
        }
        'moved-by-others' { $null = Invoke-Box $Run.Source "timeout 60 virsh -q migrate --live --p2p --persistent --undefinesource $($Run.VM) qemu+ssh://$($Run.Destination)/system tcp://$($Run.Destination)" }
        'out-of-memory' { Invoke-LabCommand -Loose fault out-of-memory $Run.Destination $seconds }
        'reset' { Invoke-LabCommand fault reset $Run.Destination }
    }
}

function Repair {
    foreach ($name in $hosts) {
        # What a fault began ends by itself; this is for the daemon that a fault found being restarted already.
        $null = Invoke-Box $name 'for i in $(seq 100); do virsh -q list >/dev/null 2>&1 && [ "$(cat /sys/class/net/uplink0/operstate)" = up ] && ! nft list tables | grep -q fault && exit; sleep 0.2; done; pgrep -x libvirtd >/dev/null || libvirtd -d'
    }
}

function Invoke-Run([int] $Number) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    # Each run has a generator of its own: how long one takes does not change the next.
    $own = [Random]::new($random.Next())
    $place = Get-Place
    $source = $hosts | Sort-Object { $name = $_; @($vms | Where-Object { $place[$_] -contains $name }).Count } -Descending | Select-Object -First 1
    $destination = $hosts | Where-Object { $_ -ne $source }
    $strategy = $own.GetItems([string[]]('TrafficSensitive', 'PreCopy', 'PostCopy', 'PreCopyThenPostCopy'), 1)[0]
    $planned = @(foreach ($i in 1..$own.Next(1, 3)) { @{ Kind = $own.GetItems($kinds, 1)[0]; After = [math]::Round($own.NextDouble() * 12, 2); VM = $own.GetItems($vms, 1)[0] } }) | Sort-Object { $_.After }
    $journals = "$OutFolder/journals-$Number"
    Remove-Item $journals -Recurse -ErrorAction Ignore
    $process = Start-Control "`$r = Get-VMTrafficRate $source -SampleCount 1 | Get-MigrationPlan -Destination $destination -NoProbe -Strategy $strategy | Start-TrafficSensitiveMigration -Confirm:`$false -JournalPath '$journals'; `$r | ForEach-Object { `"`$(`$_.VMName) `$(`$_.Outcome) `$(`$_.Error.ErrorId)`" }" "$OutFolder/run-$Number.log"
    # The moments count from the first job's start, which is in the journal.
    $begun = $false
    while (-not $process.HasExited -and -not $begun) {
        Start-Sleep -Milliseconds 50
        $begun = [bool](Get-ChildItem "$journals/*.jsonl" -ErrorAction Ignore | Where-Object { (Get-Content $_ -Raw) -match '"Job":' })
    }

    $since = [Diagnostics.Stopwatch]::StartNew()
    foreach ($fault in $planned) {
        $left = $fault.After - $since.Elapsed.TotalSeconds
        if ($left -gt 0) { Start-Sleep -Milliseconds ($left * 1000) }
        Invoke-Fault $fault.Kind @{ Process = $process; Random = $own; Source = $source; Destination = $destination; VM = $fault.VM } | Out-Null
    }

    $ended = Wait-Control $process 120
    Repair
    $ran = $watch.Elapsed.TotalSeconds
    # The journal itself says whether the run has ended.
    $resumed = 0
    while (($open = -not ((Get-Content "$journals/*.jsonl" -ErrorAction Ignore) -match '"Ended":true')) -and (Test-Path "$journals/*.jsonl") -and $resumed -lt 3) {
        $again = Start-Control "Resume-TrafficSensitiveMigration -JournalPath '$journals' | ForEach-Object { `"`$(`$_.VMName) `$(`$_.Outcome) `$(`$_.Error.ErrorId)`" }" "$OutFolder/resume-$Number-$resumed.log"
        $null = Wait-Control $again 120
        $resumed++
    }

    $state = if ($open) { 'Open' } else { 'Ended' }
    $seen = $watch.Elapsed.TotalSeconds

    # A VM that a fault itself ended is to be nowhere; one whose stream libvirt cannot take up waits at both ends.
    $text = @(Get-Content "$OutFolder/run-$Number.log", "$OutFolder/resume-$Number-*.log" -ErrorAction Ignore) -join "`n"
    $place = Get-Place
    $gone = @($vms | Where-Object { $place[$_].Count -eq 0 -and (($planned.Kind -contains 'shutdown' -and $planned.VM -contains $_) -or ($planned.Kind -contains 'kill-qemu' -and $planned.VM -contains $_)) })
    $lost = @($vms | Where-Object { $text -match "$_ Failed VMMemoryLost" -and $planned.Kind -contains 'kill-qemu' -and $planned.VM -contains $_ })
    $waiting = @($vms | Where-Object { $text -match "$_ Unclear PostCopyBroken" -and $planned.Kind -contains 'reset' })
    $ended0 = @(@($gone) + @($lost) + @($waiting) | Select-Object -Unique)
    $judged = @($vms | Where-Object { $_ -notin $ended0 })
    $verdict = Invoke-LabCommand -Loose check @judged
    # A VM without a word about it is as bad as one with a bad word.
    $wrong = @($judged | Where-Object { -not ($verdict -match "^$_ ok ") })
    $bad = @($wrong | ForEach-Object { "$_`: $($verdict -match "^$_ ")" })
    # What one run has done wrong is not to be held against the next.
    foreach ($vm in $ended0 + $wrong) {
        # A host may still hold a paused half; both go, and the VM begins anew.
        foreach ($name in $hosts) { $null = Invoke-Box $name "p=`$(cat /run/libvirt/qemu/$vm.pid 2>/dev/null) && kill -KILL `$p; sleep 0.5; virsh -q destroy $vm; virsh -q undefine $vm" }
        $null = Invoke-LabCommand -Loose guest-stop $vm
        Invoke-Box control "rm -f /run/trafficmigration-lab/$Lab/counter-$vm" | Out-Null
        Start-Guest $vm $source
    }

    $result = [ordered]@{
        Run = $Number; Seed = $Seed; Strategy = $strategy; Source = $source; Faults = @($planned | ForEach-Object { "$($_.Kind)@$($_.After)" })
        Moved = @($vms | Where-Object { $place[$_] -contains $destination }).Count; Ended = $ended; Resumed = $resumed; State = "$state"
        EndedByFault = @($gone + $lost | Select-Object -Unique); WaitingAtBothEnds = $waiting; Bad = $bad; Failed = [bool]$bad -or ($open -and -not $waiting); RunSeconds = [math]::Round($ran, 1); ResumeSeconds = [math]::Round($seen - $ran, 1); Seconds = [math]::Round($watch.Elapsed.TotalSeconds, 1)
    }
    $result | ConvertTo-Json -Compress | Add-Content $log
    [pscustomobject]$result
}

Write-Host "Chaos: $Runs runs, seed $Seed"
foreach ($vm in $vms) { Start-Guest $vm kvm-a -NoWait:($vm -ne 'vm4') }
foreach ($vm in $vms) { foreach ($try in 1..60) { if ((Invoke-LabCommand -Loose guest-exec $vm -- echo up) -contains 'up') { break }; Start-Sleep -Milliseconds 500 } }
$results = @(foreach ($number in 1..$Runs) {
    if ($number % 20 -eq 1) {
        # A flow ends with its guest, and by itself.
        foreach ($flow in ('vm1', 'out'), ('vm2', 'in')) {
            $null = Invoke-LabCommand -Loose traffic-stop @flow
            $null = Invoke-LabCommand -Loose traffic-start --rate 5M --seconds 1800 @flow
        }
    }

    $result = Invoke-Run $number
    Write-Host ("{0,4} {1,-19} {2,-45} moved {3} resumed {4} {5} {6,5:0.0} s" -f $result.Run, $result.Strategy, ($result.Faults -join ' '), $result.Moved, $result.Resumed,
        ($result.Bad ? "BAD: $($result.Bad -join '; ')" : "ok$($result.EndedByFault ? " (ended by the fault: $($result.EndedByFault))" : '')$($result.WaitingAtBothEnds ? " (waits at both ends: $($result.WaitingAtBothEnds))" : '')"), $result.Seconds)
    $result
})

$bad = @($results | Where-Object Failed)
Write-Host "$($results.Count) runs: $(($results.Moved | Measure-Object -Sum).Sum) moves, $(($results.Resumed | Measure-Object -Sum).Sum) resumed, $(@($results | ForEach-Object EndedByFault).Count) VMs ended by the fault itself, $(@($results | ForEach-Object WaitingAtBothEnds).Count) wait at both ends, $($bad.Count) runs with anything lost, doubled or open"
exit [int]($bad.Count -gt 0)
