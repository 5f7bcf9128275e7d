BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    # vm2 writes memory faster than 100 Mbit/s can carry it away: no pre-copy of it ends.
    Invoke-Lab guest-start kvm-a vm1 --memory 128 --fill 32 --no-boot
    Invoke-Lab guest-start kvm-a vm2 --memory 136 --fill 0 --dirty-rate 60 --working-set 40

    function Get-Place([string] $VM) {
        'kvm-a', 'kvm-b', 'kvm-c' | Where-Object { (ssh $_ virsh -q list --name) -contains $VM }
    }

    # An emulated guest that has just booted, or a busy machine's, writes less than it was told to.
    $clock = [Diagnostics.Stopwatch]::StartNew()
    do {
        $rate = Get-VMTrafficRate kvm-a -Name vm2 -DirtyRate -SampleCount 1
    } until ($rate.DirtyBytesPerSecond -gt 20MB -or $clock.Elapsed.TotalSeconds -gt 60)
}

AfterAll {
    'vm1', 'vm2' | ForEach-Object { Invoke-Lab guest-stop $_ }
}

Describe 'Plans across hosts' {
    It 'scatters to two hosts, by a plan that another process saved' {
        $file = Join-Path $TestDrive plan.xml
        $script = @"
            Import-Module '$((Get-Module TrafficMigration).Path)'
            Get-VMTrafficRate kvm-a -DirtyRate -SampleCount 3 | Get-MigrationPlan -Destination kvm-b, kvm-c -SampleCount 2 -Separate vm1, vm2 | Export-Clixml '$file'
"@
        pwsh -NoProfile -NonInteractive -Command $script
        $plan = Import-Clixml $file
        $plan.Count | Should -Be 2
        $two = $plan | Where-Object VMName -EQ vm2
        $two.Reason | Should -Match 'PreCopy would never end.*dirties'
        $plan.Converges | Should -Be $true, $true

        $results = $plan | Start-TrafficSensitiveMigration -Confirm:$false -MaxRateAge 00:05:00
        $results.Outcome | Should -Be Completed, Completed
        ($results | Where-Object VMName -EQ vm2).Technique | Should -Be PostCopy
        ($results | Where-Object VMName -EQ vm2).TechniqueUsed | Should -Be PostCopy
        foreach ($part in $plan) {
            Get-Place $part.VMName | Should -Be $part.Destination
        }

        (Get-Place vm1) | Should -Not -Be (Get-Place vm2)
    }

    It 'consolidates from two hosts; a pre-copy that does not converge is switched, and a limit holds' {
        $plan = Get-VMTrafficRate kvm-b, kvm-c -DirtyRate -SampleCount 3 |
            Get-MigrationPlan -Destination kvm-a -SampleCount 2 -Strategy PreCopyThenPostCopy | ConvertTo-Json -WarningAction Ignore | ConvertFrom-Json
        $plan.Technique | Should -Be 0, 0 # PreCopy, as JSON has it
        $plan.Converges | Should -Be $true, $true
        # A plan is a report that can be changed before it is run.
        $limit = 7 * 8MB
        ($plan | Where-Object VMName -EQ vm1).BandwidthLimitBitsPerSecond = $limit

        $results = $plan | Start-TrafficSensitiveMigration -Confirm:$false
        $results.Outcome | Should -Be Completed, Completed
        $one, $two = $results | Sort-Object VMName
        $one.TechniqueUsed | Should -Be PreCopy
        $two.Technique | Should -Be PreCopy
        $two.TechniqueUsed | Should -Be PostCopy
        # As slow as it was told to be, by QEMU's own count of bytes; QEMU meters in tenths of a second.
        ($one.BytesTransferred * 8 / $one.TotalTime.TotalSeconds) | Should -BeLessThan (1.15 * $limit)
        Get-Place vm1 | Should -Be kvm-a
        Get-Place vm2 | Should -Be kvm-a
    }
}
