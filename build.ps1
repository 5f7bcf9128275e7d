#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Builds, tests and shows TrafficMigration. ./build.sh calls this with a pwsh of its own where there is none.
.EXAMPLE
    ./build.sh Build                 # a complete module in out/TrafficMigration
.EXAMPLE
    ./build.sh Test                  # unit tests, module tests, acceptance tests on the lab
.EXAMPLE
    ./build.sh Pack                  # out/TrafficMigration.VERSION.nupkg, as the PowerShell Gallery takes it
.EXAMPLE
    ./build.sh Help                  # docs/cmdlets and en-US, after a cmdlet or a page has changed
.EXAMPLE
    ./build.sh Lab -Up -Hosts 3      # KVM hosts on this machine; -Status, -Down
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Benchmark', 'Demo', 'Lab', 'Pack', 'Chaos', 'Evaluate', 'Analyze', 'Help')]
    [string] $Task = 'Build',

    # Lab: what to do with it.
    [switch] $Up,
    [switch] $Down,
    [switch] $Status,
    [ValidateRange(2, 8)]
    [int] $Hosts = 2,
    [string] $LinkRate = '100mbit',
    [string] $Name = 'default',

    # Chaos: how many runs, and from which seed; without one it takes one and says which.
    [ValidateRange(1, 100000)]
    [int] $Runs = 3,
    [int] $Seed = (Get-Random -Maximum 1000000),

    # Evaluate: which suite, how often each strategy, and on links of another rate than the suite's (-LinkRate).
    [ValidateSet('Netperf', 'Redis', 'Turn', 'Writer', 'Background', 'Scatter', 'Compression', 'Differences', 'Disks', 'Gang', 'Offline')]
    [string] $Suite = 'Netperf',
    [ValidateRange(1, 100)]
    [int] $Repeats = 5,

    # Pack: what lies in out/TrafficMigration, signed since it was built, for one.
    [switch] $NoBuild,

    # Test: leave out the acceptance tests, which need root and the lab.
    [switch] $NoLab,

    # Test: those too that take minutes and tell little that others do not.
    [switch] $Slow
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
Set-StrictMode -Version Latest
Set-Location $PSScriptRoot
$env:DOTNET_NOLOGO = '1'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'

if ([Console]::IsOutputRedirected) {
    # A log file wants words, not colours.
    $PSStyle.OutputRendering = 'PlainText'
}

# The pwsh that runs this, by the name that child processes use.
if (-not (Get-Command pwsh -CommandType Application -ErrorAction Ignore)) {
    $env:PATH += [IO.Path]::PathSeparator + (Join-Path $PSScriptRoot 'out/tools')
}

Import-Module ./build/Build.psm1 -Force

switch ($Task) {
    'Build' { Build-Module }
    'Pack' { if (-not $NoBuild) { Build-Module }; Compress-Module }
    'Help' { Build-Module; Update-ModuleHelp }
    'Lab' { Invoke-LabTask -Up:$Up -Down:$Down -Status:$Status -Hosts $Hosts -LinkRate $LinkRate -Name $Name }
    'Benchmark' { Build-Module; Invoke-Benchmarks }
    'Demo' { Build-Module; Invoke-Demo }
    'Evaluate' { Build-Module; Invoke-Evaluation $Suite $Repeats ($PSBoundParameters.ContainsKey('LinkRate') ? $LinkRate : '') }
    'Analyze' { Invoke-Analysis }
    'Chaos' { Build-Module; exit (Invoke-Chaos -Runs $Runs -Seed $Seed) }
    'Test' { exit (Invoke-AllTests -NoLab:$NoLab -Slow:$Slow) }
}
