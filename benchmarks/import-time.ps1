# What importing the module costs beside a bare pwsh and an empty module, and how long Tab takes: medians, one after the other, in one run.
param([Parameter(Mandatory)] [string] $Module, [int] $Rounds = 15)

$ErrorActionPreference = 'Stop'
$Module = (Resolve-Path $Module).Path
# pwsh may be a tool of the .NET SDK.
$pwsh = @((Get-Process -Id $PID).Path) + @(if ((Get-Process -Id $PID).Name -eq 'dotnet') { "$PSHOME/pwsh.dll" })

function Measure-Start([string] $Command) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $null = & $pwsh[0] ($pwsh | Select-Object -Skip 1) -NoProfile -NonInteractive -Command $Command
    if ($LASTEXITCODE -ne 0) { throw "'$Command' ended with $LASTEXITCODE." }
    $watch.Elapsed.TotalMilliseconds
}

function Get-Median([double[]] $Values) {
    ($Values | Sort-Object)[[int][math]::Floor($Values.Count / 2)]
}

# What any module costs: Import-Module itself has to be found and compiled.
$empty = (New-Item (Join-Path ([IO.Path]::GetTempPath()) "empty-$PID.psd1") -ItemType File -Value "@{ ModuleVersion = '1.0' }").FullName
$bare = @()
$with = @()
$other = @()
foreach ($round in 0..$Rounds) {
    # A whole process each: what a script pays that begins with Import-Module. The first round warms the disk's cache.
    $three = (Measure-Start 'exit'), (Measure-Start "Import-Module '$Module'; exit"), (Measure-Start "Import-Module '$empty'; exit")
    if ($round) { $bare += $three[0]; $with += $three[1]; $other += $three[2] }
}

Remove-Item $empty

$extra = for ($i = 0; $i -lt $bare.Count; $i++) { $with[$i] - $bare[$i] }
'bare pwsh {0:0} ms, with the module {1:0} ms: {2:0} ms more (median of {3} rounds, {4:0} to {5:0}), a ratio of {6:0.00}; with an empty module {7:0} ms' -f (Get-Median $bare), (Get-Median $with),
    (Get-Median $extra), $Rounds, ($extra | Measure-Object -Minimum).Minimum, ($extra | Measure-Object -Maximum).Maximum, ((Get-Median $with) / (Get-Median $bare)), (Get-Median $other)

Import-Module $Module
foreach ($line in 'Get-VMTrafficRate -HostName ', 'Get-VMTrafficRate -HostName kvm.invalid -Name ', 'Get-MigrationPlan -Destination ') {
    $times = foreach ($try in 0..10) { (Measure-Command { $null = TabExpansion2 -inputScript $line -cursorColumn $line.Length }).TotalMilliseconds }
    'Tab after "{0}": first {1:0} ms, then {2:0} ms' -f $line, $times[0], (Get-Median $times[1..10])
}
