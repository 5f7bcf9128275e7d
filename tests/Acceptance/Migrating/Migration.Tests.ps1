BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    # Runs of its own: other tests' VMs are gone by now, and nobody could bring them home.
    $state = $env:XDG_STATE_HOME
    $env:XDG_STATE_HOME = "$TestDrive/state"
    Invoke-Lab guest-start kvm-a vm1 --memory 160 --fill 64 --no-wait
    Invoke-Lab guest-start kvm-a vm2 --memory 160 --fill 64
    # Not as fast as the link lets them: emulated guests would take the processors that other tests run on meanwhile.
    Start-LabTraffic vm1 out -Rate 10M
    Start-LabTraffic vm2 in -Rate 10M
    Start-Sleep 3

    # Every host that has a QEMU process for the VM, by the hosts' own word.
    function Get-Place([string] $VM) {
        'kvm-a', 'kvm-b' | Where-Object { (ssh $_ virsh -q list --name) -contains $VM }
    }

    # What QEMU itself says of a VM's migration, written down until told to stop or a minute and a half is over.
    function Start-QemuWatch([string] $Source, [string] $VM, [string] $File) {
        $loop = "for i in `$(seq 450); do virsh qemu-monitor-command $VM '{\""execute\"":\""query-migrate\""}' 2>/dev/null; sleep 0.2; done"
        Start-Process ssh -ArgumentList '-n', $Source, $loop -RedirectStandardOutput $File -PassThru
    }
}

AfterAll {
    $env:XDG_STATE_HOME = $state
    Stop-LabTraffic vm1 out
    Stop-LabTraffic vm2 in
    foreach ($vm in 'vm1', 'vm2') {
        Invoke-Lab guest-stop $vm
    }
}

Describe 'The main job' {
    It 'moves a sender with post-copy and a receiver with pre-copy, at once, while their TCP connections live on' {
        $watches = foreach ($vm in 'vm1', 'vm2') {
            Start-QemuWatch kvm-a $vm "$TestDrive/$vm.txt"
        }

        # Long enough for what is sampled each 2 s to be seen several times.
        $results = Get-VMTrafficRate -HostName kvm-a | Get-MigrationPlan -Destination kvm-b | Start-TrafficSensitiveMigration -BandwidthLimit 80e6 -Confirm:$false
        $watches | ForEach-Object { $_.Kill() }

        $results.Outcome | Should -Be Completed, Completed
        $one, $two = $results | Sort-Object VMName
        $one.Technique | Should -Be PostCopy
        $two.Technique | Should -Be PreCopy
        $one.TechniqueUsed | Should -Be PostCopy
        $two.TechniqueUsed | Should -Be PreCopy

        # What QEMU did, by QEMU's own word.
        Get-Content "$TestDrive/vm1.txt" -Raw | Should -Match 'postcopy-active'
        Get-Content "$TestDrive/vm2.txt" -Raw | Should -Match '"status":\s*"active"'
        Get-Content "$TestDrive/vm2.txt" -Raw | Should -Not -Match 'postcopy-active'

        Get-Place vm1 | Should -Be kvm-b
        Get-Place vm2 | Should -Be kvm-b
        foreach ($result in $results) {
            $result.TotalTime.TotalSeconds | Should -BeGreaterThan 1
            # At least what the guest filled with random bytes, and no more than a few times its memory.
            $result.BytesTransferred | Should -BeGreaterThan 64MB
            $result.BytesTransferred | Should -BeLessThan 640MB
            $result.Downtime.TotalSeconds | Should -BeLessThan 10
        }

        # Both began before either ended.
        ($results.StartTime | Measure-Object -Maximum).Maximum |
            Should -BeLessThan ($results | ForEach-Object { $_.StartTime + $_.TotalTime } | Measure-Object -Minimum).Minimum

        # The same two connections still carry traffic, now to the destination.
        Start-Sleep 4
        $now = [DateTimeOffset]::Now
        Get-LabTrafficMean vm1 out -From $now.AddSeconds(-3) -To $now | Should -BeGreaterThan 2.5e6
        Get-LabTrafficMean vm2 in -From $now.AddSeconds(-3) -To $now | Should -BeGreaterThan 2.5e6
    }

    It 'has recorded all the while what the links at both ends carried' {
        # libvirt answers hardly a question about a VM that is on its way in; links are counted nevertheless.
        $id = (Get-TrafficSensitiveMigration -Last).Id
        $samples = Get-Content "$env:XDG_STATE_HOME/trafficmigration/$id.series" | ConvertFrom-Json | Where-Object { $_.PSObject.Properties['Link'] } | ForEach-Object Link
        foreach ($side in 'kvm-a', 'kvm-b') {
            $times = @($samples | Where-Object HostName -EQ $side | ForEach-Object Time | Sort-Object)
            $times.Count | Should -BeGreaterThan 3
            $gaps = for ($i = 1; $i -lt $times.Count; $i++) { ($times[$i] - $times[$i - 1]).TotalSeconds }
            ($gaps | Measure-Object -Maximum).Maximum | Should -BeLessThan 8 -Because "a sample of $side comes each 2 s"
        }

        $samples | Where-Object { $_.HostName -eq 'kvm-b' -and $_.VMs.VMName -contains 'vm1' } | Should -Not -BeNullOrEmpty -Because 'vm1 runs there nearly all the time'
    }

    It 'leaves nothing of itself on the source' {
        # The watches of the test before are its own; and what is just ending has no command line any more.
        ssh kvm-a 'ls /run/lock/trafficmigration; pgrep -a virsh | grep -v -e query-migrate -e "\[virsh\]"' | Should -BeNullOrEmpty
        ssh kvm-a 'virsh -q list --all --name' | Where-Object { $_ } | Should -BeNullOrEmpty
    }

    It 'keeps a defined VM defined, at the destination' {
        ssh kvm-b 'virsh -q list --name --persistent' | Should -Contain vm1
    }

    It 'leaves a VM alone that an earlier run has moved, and says so without an error' {
        $plan = 'HostName,VMName,TxBitsPerSecond,RxBitsPerSecond', 'kvm-a,vm1,1,2' | ConvertFrom-Csv | Get-MigrationPlan -Destination kvm-b -NoProbe
        $result = $plan | Start-TrafficSensitiveMigration -Confirm:$false -ErrorVariable problem
        $result.Outcome | Should -Be AlreadyThere
        $problem | Should -BeNullOrEmpty
        Get-Place vm1 | Should -Be kvm-b
    }

    It 'refuses a VM that is nowhere' {
        $plan = 'HostName,VMName,TxBitsPerSecond,RxBitsPerSecond', 'kvm-a,vm9,1,2' | ConvertFrom-Csv | Get-MigrationPlan -Destination kvm-b -NoProbe
        $result = $plan | Start-TrafficSensitiveMigration -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problem
        $result.Outcome | Should -Be Failed
        $problem.FullyQualifiedErrorId | Should -BeLike 'VMNotFound,*'
    }

    It 'refuses a destination that is the source under another name' {
        $result = Get-VMTrafficRate kvm-b -Name vm1 -SampleCount 1 | Get-MigrationPlan -Destination 198.51.100.12 -NoProbe |
            Start-TrafficSensitiveMigration -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problem
        $result.Outcome | Should -Be Failed
        $problem.FullyQualifiedErrorId | Should -BeLike 'VMAlreadyAtDestination,*'
        Get-Place vm1 | Should -Be kvm-b
    }

    It 'moves nothing under -WhatIf' {
        Get-VMTrafficRate kvm-b -SampleCount 1 | Get-MigrationPlan -Destination kvm-a -NoProbe | Start-TrafficSensitiveMigration -WhatIf
        Get-Place vm1 | Should -Be kvm-b
        Get-Place vm2 | Should -Be kvm-b
    }

    It 'aborts a pre-copy when it is stopped, and the VM stays where it was' {
        $plan = Get-VMTrafficRate kvm-b -Name vm2 -SampleCount 1 | Get-MigrationPlan -Destination kvm-a -NoProbe -Strategy PreCopy
        $shell = [powershell]::Create()
        $null = $shell.AddScript('param($module, $plan) Import-Module $module; $plan | Start-TrafficSensitiveMigration -Confirm:$false').
            AddArgument((Get-Module TrafficMigration).Path).AddArgument($plan)
        $run = $shell.BeginInvoke()
        $flows = foreach ($try in 1..50) {
            if ((ssh kvm-b 'virsh domjobinfo vm2 --rawstats') -match 'memory_iteration: [1-9]') { $true; break }
            Start-Sleep -Milliseconds 200
        }

        $shell.Stop()
        $flows | Should -BeTrue -Because 'memory must have been flowing when it was stopped'
        $run.IsCompleted | Should -BeTrue
        $shell.Dispose()
        Get-Place vm2 | Should -Be kvm-b
        (ssh kvm-b 'virsh -q domstate vm2 --reason') -join '' | Should -Match '^running'
        (ssh kvm-b 'virsh domjobinfo vm2') -join '' | Should -Match 'None'
    }

    It 'says what libvirt said when a migration fails, and the VM runs on at the source' {
        # The source cannot verify the destination: its known_hosts no longer has the key.
        ssh kvm-b 'mv ~/.ssh/known_hosts ~/.ssh/known_hosts.away'
        try {
            $plan = Get-VMTrafficRate kvm-b -Name vm1 -SampleCount 1 | Get-MigrationPlan -Destination kvm-a -NoProbe
            $checked = $plan | Start-TrafficSensitiveMigration -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable finding
            $result = $plan | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -ErrorAction SilentlyContinue -ErrorVariable problem
        }
        finally {
            ssh kvm-b 'mv ~/.ssh/known_hosts.away ~/.ssh/known_hosts'
        }

        # The pre-flight finds it before libvirt does.
        $checked.Outcome | Should -Be Failed
        $finding[0].FullyQualifiedErrorId | Should -BeLike 'PreflightFailed,*'
        $result.Outcome | Should -Be Failed
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'MigrationFailed,*'
        $problem[0].Exception.Message | Should -Match "vm1.*kvm-b.*kvm-a.*[Hh]ost key verification failed.*runs at 'kvm-b'"
        Get-Place vm1 | Should -Be kvm-b
    }

    It 'plans the way home by the traffic as it is now, and runs it' {
        # Of all runs so far: what was moved, was already there, failed or was stopped.
        $plan = Get-TrafficSensitiveMigration | Get-MigrationPlan -ReturnHome -Exclude vm2 -SampleCount 2
        $plan.VMName | Should -Be vm1
        $plan.Source | Should -Be kvm-b
        $plan.Destination | Should -Be kvm-a
        # It still sends.
        $plan.Technique | Should -Be PostCopy
        ($plan | Start-TrafficSensitiveMigration -Confirm:$false).Outcome | Should -Be Completed
        Get-Place vm1 | Should -Be kvm-a
        # vm1 is at home, and nobody is away by the newest run but vm1 from there.
        (Get-TrafficSensitiveMigration -Last | Get-MigrationPlan -ReturnHome -SampleCount 1).Destination | Should -Be kvm-b
    }
}
