# What VMs' memory holds, by a sample. Guests that never boot: what is in their memory is known.
BeforeAll {
    Import-Module "$PSScriptRoot/../../lab/Lab.psm1"
    # Two with the same, one with its own bytes, one with its own text. All that the loader does not fill is never touched.
    Invoke-Lab guest-start kvm-a vm1 --memory 192 --fill 96 --no-boot
    Invoke-Lab guest-start kvm-a vm2 --memory 192 --fill 96 --no-boot
    Invoke-Lab guest-start kvm-a vm3 --memory 192 --fill 96 --no-boot --content unique
    Invoke-Lab guest-start kvm-a vm4 --memory 192 --fill 48 --no-boot --content text

    function Get-ResidentMemory { ssh kvm-a 'for p in $(pgrep qemu-system); do grep RssAnon /proc/$p/status; done' }
    # /dev/shm is the machine's: what was there before, perhaps another lab's, is not ours.
    function Get-Leftover { ssh kvm-a 'ls -d /dev/shm/trafficmigration* /run/trafficmigration-content* 2>/dev/null; true' | Where-Object { $_ -notin $script:there } }
    $script:there = @()
    $script:there = @(Get-Leftover)
}

AfterAll {
    foreach ($number in 1..4) { Invoke-Lab guest-stop "vm$number" }
}

Describe 'A look at VMs'' memory' {
    BeforeAll {
        $before = Get-ResidentMemory
        $said = @(Get-VMTrafficRate kvm-a -SampleInterval 0.5 -SampleCount 2 -MemoryContent -Verbose 4>&1 3>&1)
        $after = Get-ResidentMemory
        $rates = @($said | Where-Object { $_ -is [TrafficMigration.Traffic.VMTrafficRate] })
    }

    It 'tells zeros, what compression makes of the rest, and duplicates' {
        $rates.VMName | Should -Be vm1, vm2, vm3, vm4
        foreach ($rate in $rates) {
            $filled = if ($rate.VMName -eq 'vm4') { 48 / 192 } else { 96 / 192 }
            [math]::Abs($rate.ZeroMemoryShare - (1 - $filled)) | Should -BeLessThan 0.03 -Because $rate.VMName
            $rate.HostIdleCpuCount | Should -BeGreaterOrEqual 0
            $rate.HostIdleCpuCount | Should -BeLessOrEqual ([Environment]::ProcessorCount)
        }
        $rates[0..2].CompressedMemoryShare | ForEach-Object { $_ | Should -BeGreaterThan 0.98 }
        $rates[3].CompressedMemoryShare | Should -BeGreaterThan 0.25
        $rates[3].CompressedMemoryShare | Should -BeLessThan 0.45

        # Sent once, each of the two saves half. Equal memory at equal places is the worst case of the sample: 0.09
        # is the standard error.
        $rates[0..1].DuplicateMemoryShare | ForEach-Object { $_ | Should -BeGreaterThan 0.15; $_ | Should -BeLessThan 0.85 }
        $rates[2..3].DuplicateMemoryShare | ForEach-Object { $_ | Should -BeLessThan 0.01 }
        ($rates.DuplicateMemoryBytes | Measure-Object -Sum).Sum | Should -BeGreaterThan 29MB
    }

    It 'makes no VM larger and leaves nothing on the host' {
        @($after).Count | Should -Be 4
        $after | Should -Be $before
        Get-Leftover | Should -BeNullOrEmpty
    }

    It 'lets a plan know that zeros are not sent' {
        $plan = $rates | Get-MigrationPlan -Destination kvm-b -NoProbe
        ($plan | Where-Object VMName -EQ vm4).PredictedBytes | Should -BeLessThan 60MB
        ($plan | Where-Object VMName -EQ vm4).PredictedBytes | Should -BeGreaterThan 40MB
    }

    It 'is not for a user who may not; the rates are there all the same' {
        $rate = Get-VMTrafficRate kvm-a vm3 -UserName member -SampleInterval 0.5 -SampleCount 1 -MemoryContent -WarningVariable warned -WarningAction SilentlyContinue
        $rate.TxBitsPerSecond | Should -BeGreaterOrEqual 0
        $rate.ZeroMemoryShare, $rate.CompressedMemoryShare, $rate.DuplicateMemoryShare, $rate.DuplicateMemoryBytes | Should -Be $null, $null, $null, $null
        "$warned" | Should -Match "kvm-a.*vm3.*-Sudo"
        Get-Leftover | Should -BeNullOrEmpty

        $rate = Get-VMTrafficRate kvm-a vm3 -UserName helper -Sudo -SampleInterval 0.5 -SampleCount 1 -MemoryContent
        [math]::Abs($rate.ZeroMemoryShare - 0.5) | Should -BeLessThan 0.03
    }
}

Describe 'A second look at the same pages' {
    BeforeAll {
        Invoke-Lab guest-start kvm-b vm5 --memory 128 --fill 0 --dirty-rate 3 --working-set 16 --small-writes
        Invoke-Lab guest-start kvm-b vm6 --memory 128 --fill 0 --dirty-rate 3 --working-set 16
        $small, $large = Get-VMTrafficRate kvm-b -SampleInterval 0.5 -SampleCount 1 -MemoryContent
    }

    AfterAll {
        'vm5', 'vm6' | ForEach-Object { Invoke-Lab guest-stop $_ }
    }

    It 'tells VMs that change a few bytes of a page from those that write whole ones' {
        $small.ChangedPageShare | Should -BeLessThan 0.3 # 16 bytes of a page; and the kernel's own
        $large.ChangedPageShare | Should -BeGreaterThan 0.5
    }

    It 'tells how fast they write, with the kernel''s own' {
        foreach ($rate in $small, $large) {
            $rate.DirtyBytesPerSecond | Should -BeGreaterThan 1.5MB -Because $rate.VMName
            $rate.DirtyBytesPerSecond | Should -BeLessThan 8MB -Because $rate.VMName
        }
    }
}
