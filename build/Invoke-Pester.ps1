# Runs the Pester tests of one folder against the built module and leaves the counts and what failed in a JSON file.
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $PesterPath,
    [Parameter(Mandatory)] [string] $Report
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
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$result = Invoke-Pester -Configuration $configuration

@{
    Passed      = $result.PassedCount
    Failed      = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
    Skipped     = $result.SkippedCount + $result.NotRunCount + $result.InconclusiveCount
    FailedTests = @(@($result.Failed; $result.FailedBlocks) | ForEach-Object ExpandedPath; $result.FailedContainers | ForEach-Object { "$($_.Item)" })
} | ConvertTo-Json | Set-Content $Report
Remove-Item $env:XDG_STATE_HOME -Recurse -Force
