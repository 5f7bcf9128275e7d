# The examples as a site would run them. evacuate.ps1 has tests of its own in tests/Faults, with what can go wrong.
BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    $examples = "$PSScriptRoot/../../../examples"
    $journal = "$TestDrive/journals"
    # Nothing sends here, so that more samples would tell no more.
    $global:PSDefaultParameterValues['*-*:SampleCount'] = 2
    Invoke-Lab guest-start kvm-a vm5 --memory 136 --fill 8 --no-boot
    Invoke-Lab guest-start kvm-a vm6 --memory 136 --fill 8 --no-boot

    function Get-Place([string] $VM) {
        'kvm-a', 'kvm-b', 'kvm-c' | Where-Object { (ssh $_ virsh -q list --name) -contains $VM }
    }

    # As a scheduler calls it, with the module where a user has it.
    function Invoke-Scheduled([string[]] $Words) {
        $env:PSModulePath = "$TestDrive/modules" + [IO.Path]::PathSeparator + $env:PSModulePath
        if (-not (Test-Path "$TestDrive/modules/TrafficMigration")) {
            $null = New-Item "$TestDrive/modules" -ItemType Directory -Force
            Copy-Item (Split-Path (Get-Module TrafficMigration).Path) "$TestDrive/modules/TrafficMigration" -Recurse
        }

        $script:said = pwsh -NoProfile -NonInteractive -File @Words 2>&1
        $LASTEXITCODE
    }
}

AfterAll {
    $global:PSDefaultParameterValues.Remove('*-*:SampleCount')
    'vm5', 'vm6' | ForEach-Object { Invoke-Lab guest-stop $_ }
}

Describe 'An example' {
    It 'scatter.ps1 shows what it would do, and empties a host to two others' {
        & "$examples/scatter.ps1" kvm-a -Destination kvm-b, kvm-c -Separate vm5, vm6 -WhatIf | Should -BeNullOrEmpty
        Get-Place vm5 | Should -Be kvm-a
        $results = & "$examples/scatter.ps1" kvm-a -Destination kvm-b, kvm-c -Separate vm5, vm6 -Confirm:$false
        $results.Outcome | Should -Be Completed, Completed
        (Get-Place vm5), (Get-Place vm6) | Sort-Object | Should -Be kvm-b, kvm-c
    }

    It 'rack-by-rack.ps1 empties one rack after another' {
        $results = & "$examples/rack-by-rack.ps1" -Rack (, 'kvm-b'), (, 'kvm-c') -Destination kvm-a
        $results.Source | Should -Be kvm-b, kvm-c
        $results.Outcome | Should -Be Completed, Completed
    }

    It 'approve-plan.ps1 runs what was approved and nothing else' {
        $file = "$TestDrive/plan.json"
        & "$examples/approve-plan.ps1" Propose $file -HostName kvm-a -Destination kvm-b | Should -Not -BeNullOrEmpty
        { & "$examples/approve-plan.ps1" Run $file } | Should -Throw '*approved*'
        $null = & "$examples/approve-plan.ps1" Approve $file
        Add-Content $file ' '
        { & "$examples/approve-plan.ps1" Run $file } | Should -Throw '*changed*'
        Get-Place vm5 | Should -Be kvm-a
        $null = & "$examples/approve-plan.ps1" Approve $file
        (& "$examples/approve-plan.ps1" Run $file).Outcome | Should -Be Completed, Completed
    }

    It 'maintenance-window.ps1 empties a host, and brings its VMs back' -Tag Slow {
        Invoke-Scheduled "$examples/maintenance-window.ps1", '-Phase', 'Begin', '-HostName', 'kvm-b', '-Destination', 'kvm-a,kvm-c', '-LogPath', "$TestDrive/log", '-JournalPath', $journal |
            Should -Be 0 -Because "$said"
        Get-Place vm5 | Should -Not -Be kvm-b
        Invoke-Scheduled "$examples/maintenance-window.ps1", '-Phase', 'End', '-HostName', 'kvm-b', '-LogPath', "$TestDrive/log", '-JournalPath', $journal |
            Should -Be 0 -Because "$said"
        (Get-Place vm5), (Get-Place vm6) | Should -Be kvm-b, kvm-b
        (Get-Content "$TestDrive/log" | ConvertFrom-Json).VMName | Where-Object { $_ } | Sort-Object -Unique | Should -Be vm5, vm6

        # The way home has left other hosts, which had no window; and this one's is over.
        foreach ($name in 'kvm-a', 'kvm-b', 'kvm-c') {
            Invoke-Scheduled "$examples/maintenance-window.ps1", '-Phase', 'End', '-HostName', $name, '-LogPath', "$TestDrive/log", '-JournalPath', $journal | Should -Be 1
        }
    }

    It 'site.Tests.ps1 is passed by hosts that can be emptied, and fails where they cannot' -Tag Slow {
        # Pester in Pester: a process of its own.
        $script = @"
            Import-Module '$((Get-Module Pester).Path)', '$((Get-Module TrafficMigration).Path)'
            `$good = Invoke-Pester -PassThru -Output None -Container (New-PesterContainer -Path '$examples/site.Tests.ps1' -Data @{ HostName = 'kvm-b'; Destination = 'kvm-a', 'kvm-c' })
            `$late = Invoke-Pester -PassThru -Output None -Container (New-PesterContainer -Path '$examples/site.Tests.ps1' -Data @{ HostName = 'kvm-b'; Destination = 'kvm-a'; Longest = '00:00:00.1' })
            `$good.FailedCount, `$good.PassedCount, `$late.FailedCount
"@
        pwsh -NoProfile -NonInteractive -Command $script | Should -Be 0, 6, 1
    }
}
