# What docs/conventions.md promises of every cmdlet, asked of every cmdlet.
BeforeDiscovery {
    $cmdlets = @(Get-Command -Module TrafficMigration -CommandType Cmdlet | ForEach-Object { @{ Name = $_.Name; Cmdlet = $_ } })
    $documented = @(Get-Content "$PSScriptRoot/../../docs/conventions.md" | Where-Object { $_ -match '^\|.*`(?<File>[\w.]+?(\.Tests\.ps1|Tests))`: (?<Test>.+) \|$' } |
        ForEach-Object { $null = $_ -match '`(?<File>[\w.]+?(\.Tests\.ps1|Tests))`: (?<Test>.+) \|$'; @{ File = $Matches.File; Test = $Matches.Test } })
}

BeforeAll {
    $common = [Management.Automation.PSCmdlet]::CommonParameters + [Management.Automation.PSCmdlet]::OptionalCommonParameters

    function Get-OwnParameter($Cmdlet) {
        $Cmdlet.Parameters.Values | Where-Object Name -NotIn $common
    }
}

Describe '<Name>' -ForEach $cmdlets {
    It 'has an approved verb' {
        $Cmdlet.Verb | Should -BeIn (Get-Verb).Verb
    }

    It 'has a specific, singular noun, in Pascal case' {
        $Cmdlet.Noun | Should -MatchExactly '^([A-Z][a-z]+|VM)+$'
        $Cmdlet.Noun | Should -Not -Match '[^s]s$' -Because 'Traffic and Rate are singular, and so is the rest'
        $Cmdlet.Noun | Should -Match 'Migration|Traffic|KvmHost'
    }

    It 'has parameters in Pascal case, none of which hides a common one' {
        foreach ($parameter in Get-OwnParameter $Cmdlet) {
            $parameter.Name | Should -MatchExactly '^([A-Z][a-z0-9]*|VM|CP)+$'
            $parameter.Aliases + $parameter.Name | Where-Object { $_ -in 'SelectProperty', 'SelectObject' } | Should -BeNullOrEmpty
        }
    }

    It 'names parameters in the singular' {
        (Get-OwnParameter $Cmdlet).Name | Where-Object { $_ -match '[a-rt-z]s$' -and $_ -notmatch 'Bytes$|^Continuous$|^Tls$' } | Should -BeNullOrEmpty
    }

    It 'says what it gives' {
        if ($Cmdlet.Verb -ne 'Remove') {
            $Cmdlet.OutputType | Should -Not -BeNullOrEmpty
        }
    }

    It 'asks before it changes anything, and only then' {
        $asks = $Cmdlet.Parameters.ContainsKey('WhatIf') -and $Cmdlet.Parameters.ContainsKey('Confirm')
        $asks | Should -Be ($Cmdlet.Verb -in 'Start', 'Stop', 'Resume', 'Export', 'Remove')
    }

    It 'takes hosts as SSH remoting, Hyper-V and PowerCLI name them' {
        $parameter = $Cmdlet.Parameters['HostName']
        if ($parameter) {
            $parameter.Aliases | Should -Be 'ComputerName', 'VMHost'
        }
    }

    It 'takes destinations as Hyper-V and PowerCLI name them' {
        $parameter = $Cmdlet.Parameters['Destination']
        if ($parameter) {
            $parameter.Aliases | Should -Contain DestinationHost
        }
    }

    It 'connects by the parameters of SSH remoting, if it connects' {
        $remoting = (Get-Command New-PSSession).Parameters
        if ($Cmdlet.Parameters.ContainsKey('KeyFilePath')) {
            foreach ($name in 'UserName', 'KeyFilePath', 'Port') {
                $Cmdlet.Parameters[$name].ParameterType -replace 'System.Nullable.*\[(.*)\]', '$1' | Should -Be "$($remoting[$name].ParameterType)"
                $remoting[$name].Aliases | Where-Object { $_ -notin $Cmdlet.Parameters[$name].Aliases } | Should -BeNullOrEmpty
            }

            $Cmdlet.Parameters['Credential'].ParameterType | Should -Be ([pscredential])
        }
    }

    It 'takes whole pipelines, where it takes one' {
        Get-OwnParameter $Cmdlet | Where-Object { $_.Attributes.ValueFromPipeline -contains $true } | ForEach-Object {
            $_.ParameterType.IsArray -or $_.ParameterType.Name -in 'PSObject', 'MigrationRunRecord' | Should -BeTrue -Because $_.Name
        }
    }
}

Describe 'docs/conventions.md' {
    It 'names tests that exist: <File>: <Test>' -ForEach $documented {
        $path = Get-ChildItem "$PSScriptRoot/../../tests" -Recurse -File -Filter "$File*" | Where-Object { $_.FullName -notmatch '/(bin|obj)/' } | Select-Object -First 1
        $path | Should -Not -BeNullOrEmpty
        $words = $File -like '*.ps1' ? $Test : ($Test -replace ' ', '_')
        (Get-Content $path.FullName -Raw).Contains($words) | Should -BeTrue -Because "$File has a test '$Test'"
    }

    It 'names some' {
        (Get-Content "$PSScriptRoot/../../docs/conventions.md" | Select-String -Pattern '\.Tests\.ps1`: ').Count | Should -BeGreaterThan 25
    }
}

Describe 'docs/security.md' {
    It 'names tests that exist, for every threat' {
        $tests = Get-ChildItem "$PSScriptRoot/.." -Recurse -File -Include *.cs, *.Tests.ps1 | Where-Object { $_.FullName -notmatch '/(bin|obj)/' }
        $threats = (Get-Content "$PSScriptRoot/../../docs/security.md" -Raw) -split '## Threats' -split '## What remains' | Select-Object -Index 1
        $named = [regex]::Matches($threats, '`(?<File>\w+Tests|\w+\.Tests\.ps1)(\.(?<Test>\w+))?`')
        $named.Count | Should -BeGreaterThan 20
        foreach ($one in $named) {
            $path = $tests | Where-Object { $_.Name -in $one.Groups['File'].Value, "$($one.Groups['File'].Value).cs" }
            $path | Should -Not -BeNullOrEmpty -Because "$($one.Value) is named"
            (Get-Content $path.FullName -Raw).Contains($one.Groups['Test'].Value) | Should -BeTrue -Because "$($one.Value) is named"
        }
    }
}
