# Runs the Pester tests of one folder against the built module and leaves the counts and what failed in a JSON file. Those
# with the tag Slow take minutes and tell little that others do not: they run with -Slow, else they are counted as left out.
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $PesterPath,
    [Parameter(Mandatory)] [string] $Report,
    [switch] $Slow
)

$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
# Journals of the tests' runs are not the user's.
$env:XDG_STATE_HOME = [IO.Directory]::CreateTempSubdirectory('trafficmigration-test-').FullName
Import-Module $PesterPath
Import-Module "$PSScriptRoot/../out/TrafficMigration/TrafficMigration.psd1"

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
if (-not $Slow) { $configuration.Filter.ExcludeTag = 'Slow' }
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$result = Invoke-Pester -Configuration $configuration

# Left out on purpose, and for no other reason.
$leftOut = @($result.NotRun | Where-Object { $Slow -eq $false -and 'Slow' -in $_.Tag }).Count

@{
    Passed      = $result.PassedCount
    Failed      = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
    Skipped     = $result.SkippedCount + $result.NotRunCount + $result.InconclusiveCount - $leftOut
    LeftOut     = $leftOut
    FailedTests = @(@($result.Failed; $result.FailedBlocks) | ForEach-Object ExpandedPath; $result.FailedContainers | ForEach-Object { "$($_.Item)" })
} | ConvertTo-Json | Set-Content $Report
Remove-Item $env:XDG_STATE_HOME -Recurse -Force
