# The examples of the help that need hosts, as they stand: kvm1, kvm2 and kvm3 are the lab's.
BeforeDiscovery {
    Import-Module "$PSScriptRoot/../../Examples.psm1"
    # Each of these has a run to take up or to end: one of a cmdlet is quick enough for every day.
    $examples, $others = (Get-HelpExample | Where-Object NeedsHost).Where({ $_.Cmdlet -notmatch '^(Resume|Stop)-' -or $_.Title -like 'Example 1 *' }, 'Split')
}

BeforeAll {
    Import-Module "$PSScriptRoot/../../Examples.psm1", "$PSScriptRoot/../../Faults.psm1", "$PSScriptRoot/../../../lab/Lab.psm1"
    $state = $env:XDG_STATE_HOME
    $env:XDG_STATE_HOME = "$TestDrive/state"
    Set-JournalFolder "$TestDrive/state/trafficmigration"
    $manifest = (Get-Module TrafficMigration).Path
    $place = (New-Item "$TestDrive/place" -ItemType Directory).FullName
    $guests = 'vm1', 'vm2'

    function Get-Running([string] $HostName) {
        @(ssh $HostName 'virsh -q list --name --state-running') | Where-Object { $_ -in $guests } | Sort-Object
    }

    # Where both VMs run; where they do not run together, they are started anew. An example begins where the last one ended.
    function Find-Guest {
        $found = 'kvm-a', 'kvm-b' | Where-Object { "$(Get-Running $_)" -eq "$guests" }
        if ($found) { return $found }
        foreach ($vm in $guests) {
            try { Invoke-Lab guest-stop $vm } catch { Write-Verbose "$_" }
            Invoke-Lab guest-start kvm-a $vm --memory 128 --fill 12 --no-boot
        }

        'kvm-a'
    }

    # A run by another process, slow enough to be met; -Interrupted: that process is ended in the middle of it.
    function Start-OpenRun([switch] $Interrupted) {
        Set-Content "$TestDrive/run.ps1" "Import-Module '$manifest'; Import-Clixml '$place/plan.xml' | Start-TrafficSensitiveMigration -Confirm:`$false -SkipPreflight -BandwidthLimit 32e6"
        $before = Get-Last | ForEach-Object Id
        $process = Start-Shell "$TestDrive/run.ps1" "$TestDrive/out.txt"
        while ((Get-Last | ForEach-Object Id) -eq $before -and -not $process.HasExited) {
            Start-Sleep -Milliseconds 100
        }

        Wait-State PreCopying
        if ($Interrupted) {
            $process.Kill($true)
            $process.WaitForExit()
        }

        $process
    }
}

AfterAll {
    foreach ($vm in $guests) {
        try { Invoke-Lab guest-stop $vm } catch { Write-Warning "$_" }
    }

    $env:XDG_STATE_HOME = $state
}

Describe 'The examples that need hosts' {
    BeforeAll {
        function Test-Example([hashtable] $Example) {
            $script:process = $null
            $here = Find-Guest
            $there = 'kvm-a', 'kvm-b' | Where-Object { $_ -ne $here }
            $names = @{ kvm1 = $here; kvm2 = $there; kvm3 = 'kvm-c' }
            $isOfRun = $Cmdlet -in 'Resume-TrafficSensitiveMigration', 'Stop-TrafficSensitiveMigration'
            if ($isOfRun -or $Code -match 'plan\.xml|-ReturnHome') {
                Get-VMTrafficRate $here -SampleCount 1 | Get-MigrationPlan -Destination $there -NoProbe -Strategy PreCopy | Export-Clixml "$place/plan.xml"
            }

            if ($isOfRun) {
                $script:process = Start-OpenRun -Interrupted:($Cmdlet -like 'Resume-*' -or $Code -match 'Interrupted')
                $names['5e1f0c9a27'] = (Get-Last).Id
            }
            elseif ($Code -match '-ReturnHome') {
                $null = Import-Clixml "$place/plan.xml" | Start-TrafficSensitiveMigration -Confirm:$false
            }

            $said = @(Invoke-HelpExample $Example $place $names)

            # Who stops a run has its pre-copies cancelled, and is told so.
            $expected = @(if ($Cmdlet -like 'Stop-*') { 'MigrationCancelled' })
            $said | Where-Object { $_ -is [Management.Automation.ErrorRecord] -and ($_.FullyQualifiedErrorId -split ',')[0] -notin $expected } | Should -BeNullOrEmpty
            if ($Cmdlet -like 'Get-*' -and $Code -notmatch 'Export-|Where-Object') {
                $said | Should -Not -BeNullOrEmpty
            }

            if ($Cmdlet -in 'Start-TrafficSensitiveMigration', 'Resume-TrafficSensitiveMigration') {
                Get-Running $there | Should -Be $guests
            }

            if ($isOfRun) {
                (Get-Last).State | Should -Be Ended
            }
        }
    }

    AfterEach {
        if ($process -and -not $process.HasExited -and -not $process.WaitForExit(90000)) {
            $process.Kill($true)
        }
    }

    It '<Cmdlet>, <Title>' -ForEach $examples { Test-Example $_ }

    It '<Cmdlet>, <Title>' -ForEach $others -Tag Slow { Test-Example $_ }
}
