# What importing the module costs beside a bare pwsh, and how long Tab takes: medians of pairs, one after the other, in one run.
param([Parameter(Mandatory)] [string] $Module, [int] $Rounds = 15)

$ErrorActionPreference = 'Stop'
$pwsh = (Get-Process -Id $PID).Path

function Measure-Start([string] $Command) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $null = & $pwsh -NoProfile -NonInteractive -Command $Command
    $watch.Elapsed.TotalMilliseconds
}

function Get-Median([double[]] $Values) {
    ($Values | Sort-Object)[[int][math]::Floor($Values.Count / 2)]
}

$bare = @()
$with = @()
foreach ($round in 0..$Rounds) {
    # A whole process each: what a script pays that begins with Import-Module. The first pair warms the disk's cache.
    $pair = (Measure-Start 'exit'), (Measure-Start "Import-Module '$Module'; exit")
    if ($round) { $bare += $pair[0]; $with += $pair[1] }
}

$extra = for ($i = 0; $i -lt $bare.Count; $i++) { $with[$i] - $bare[$i] }
'bare pwsh {0:0} ms, with the module {1:0} ms: {2:0} ms more (median of {3} pairs, {4:0} to {5:0}), a ratio of {6:0.00}' -f (Get-Median $bare), (Get-Median $with),
    (Get-Median $extra), $Rounds, ($extra | Measure-Object -Minimum).Minimum, ($extra | Measure-Object -Maximum).Maximum, ((Get-Median $with) / (Get-Median $bare))

Import-Module $Module
foreach ($line in 'Get-VMTrafficRate -HostName ', 'Get-VMTrafficRate -HostName kvm.invalid -Name ', 'Get-MigrationPlan -Destination ') {
    $times = foreach ($try in 0..10) { (Measure-Command { $null = TabExpansion2 -inputScript $line -cursorColumn $line.Length }).TotalMilliseconds }
    'Tab after "{0}": first {1:0} ms, then {2:0} ms' -f $line, $times[0], (Get-Median $times[1..10])
}
