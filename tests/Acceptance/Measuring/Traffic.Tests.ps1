BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    Start-SharedGuest vm1, vm2
}

Describe 'Get-VMTrafficRate on real hosts' {
    It 'shows traffic out of a guest as Tx and into one as Rx, within 5 % of iperf3, and hardly any the other way' {
        $out, $in = Measure-LabFlows 40M 3 { Get-VMTrafficRate -HostName kvm-a -SampleCount 10 }
        Assert-LabFlows $out $in -AtLeast 20e6
    }

    It 'says when the uplink was full, so that a rate is a lower bound' {
        # An emulated guest may not fill it; the host itself does. Bounded, and both ends stop by themselves.
        ssh kvm-a iperf3 -s -1 -D
        $client = Start-Process ssh -ArgumentList '-n', 'client', 'iperf3 -c kvm-a -R -t 15' -RedirectStandardOutput "$TestDrive/full.txt" -PassThru
        Start-LabTraffic vm1 out -Rate 10M -Seconds 60
        Start-Sleep 2
        try {
            $full = Get-VMTrafficRate -HostName kvm-a -SampleCount 5
        }
        finally {
            Stop-LabTraffic vm1 out
            $client.WaitForExit()
        }

        ($full | Where-Object VMName -EQ vm1).Saturated | Should -BeTrue -Because "the uplink carried $($full[0].TxBitsPerSecond) bit/s of $($full[0].LinkBitsPerSecond)"
        ($full | Get-MigrationPlan -Destination kvm-b -NoProbe -Strategy PreCopy)[0].Plan.ContentionIsLowerBound | Should -BeTrue
        (Get-VMTrafficRate -HostName kvm-a -SampleCount 2).Saturated | Should -Be $false, $false
    }

    It 'knows memory, link speed, window and the VMs'' ids' {
        $rates = Get-VMTrafficRate -HostName kvm-a -SampleCount 2
        $rates.VMName | Should -Be vm1, vm2
        $rates.MemoryBytes | Should -Be 128MB, 128MB
        $rates.LinkBitsPerSecond | Should -Be 100000000, 100000000
        $rates[0].VMId | Should -Be (ssh kvm-a virsh domuuid vm1)[0]
        $rates[0].SampleCount | Should -Be 2
        $rates[0].Window.TotalSeconds | Should -BeGreaterThan 1.5
    }

    It 'measures a VM whose name a shell would trip over' {
        $name = "it's `"a`" `$(x); ü"
        Invoke-Lab guest-start kvm-b $name --memory 128 --fill 8 --ip 120 --no-wait
        (Get-VMTrafficRate kvm-b -Name $name -SampleCount 1).VMName | Should -Be $name
        Invoke-Lab guest-stop $name
    }

    It 'takes wildcards and several hosts, also from the pipeline' {
        (Get-VMTrafficRate kvm-a -Name 'v?1' -SampleCount 1).VMName | Should -Be vm1
        ('kvm-a', 'kvm-b' | Get-VMTrafficRate -SampleCount 1).VMName | Should -Be vm1, vm2
    }

    It 'counts what the destination receives already' {
        # The host's own traffic, no VM's: bounded, and both ends stop by themselves.
        ssh kvm-b iperf3 -s -1 -D
        $client = Start-Process ssh -ArgumentList '-n', 'client', 'iperf3 -c kvm-b -b 30M -t 12' -RedirectStandardOutput "$TestDrive/iperf.txt" -PassThru
        Start-Sleep 3
        $plan = Get-VMTrafficRate kvm-a | Get-MigrationPlan -Destination kvm-b
        $client.WaitForExit()

        $incoming = $plan[0].Plan.Links | Where-Object Direction -EQ Incoming
        $incoming.BackgroundBitsPerSecond | Should -BeGreaterThan 25e6
        $incoming.BackgroundBitsPerSecond | Should -BeLessThan 35e6
    }
}
