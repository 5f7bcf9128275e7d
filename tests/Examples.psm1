# The examples of the help, read from docs/cmdlets and run as they stand: Module/Help.Tests.ps1 runs those that need no host,
# Acceptance/Examples/Examples.Tests.ps1 the others on the lab.
Import-Module "$PSScriptRoot/../build/Help/Page.psm1"

function Get-HelpExample {
    foreach ($page in Get-ChildItem "$PSScriptRoot/../docs/cmdlets" -Filter *-*.md) {
        foreach ($example in (Read-Page $page.FullName).Examples.GetEnumerator()) {
            $code = [regex]::Match($example.Value, '(?s)```powershell\n(.*?)\n```').Groups[1].Value
            @{
                Cmdlet = $page.BaseName
                Title = $example.Key
                Code = $code
                Shown = [regex]::Match($example.Value, '(?s)```text\n(.*?)\n```').Groups[1].Value
                NeedsHost = Test-NeedsHost $code
            }
        }
    }
}

# A cmdlet that connects has -ConnectTimeout; it does not use it where destinations are not to be touched or are objects.
function Test-NeedsHost([string] $Code) {
    $calls = [Management.Automation.Language.Parser]::ParseInput($Code, [ref] $null, [ref] $null).FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
    [bool]($calls | Where-Object {
            $command = Get-Command $_.GetCommandName() -Module TrafficMigration -ErrorAction Ignore
            $command -and $command.Parameters.ContainsKey('ConnectTimeout') -and "$_" -notmatch '-NoProbe|-WhatIf|-Destination \('
        })
}

# Runs an example in a folder that has its files; gives what it puts out, errors included. Names are those that stand for others here.
function Invoke-HelpExample([hashtable] $Example, [string] $Folder, [hashtable] $Names = @{}) {
    $code = $Example.Code
    foreach ($name in $Names.Keys) {
        $code = $code -replace "\b$name\b", $Names[$name]
    }

    Push-Location $Folder
    try {
        # Nobody answers here; and the first VM's error is no reason to stop a run.
        $ConfirmPreference = 'None'
        $ErrorActionPreference = 'Continue'
        # Nothing sends here, so that more samples would tell no more.
        $PSDefaultParameterValues = @{ '*-*:SampleCount' = 2 }
        & ([scriptblock]::Create($code)) 2>&1
    }
    finally {
        Pop-Location
    }
}

Export-ModuleMember -Function Get-HelpExample, Invoke-HelpExample
