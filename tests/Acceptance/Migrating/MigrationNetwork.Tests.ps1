BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    Invoke-Lab guest-start kvm-a vm1 --memory 160 --fill 64
    Start-LabTraffic vm1 out -Rate 10M -Seconds 120
    Start-Sleep 2
    $network = '198.51.100.192/26'
    # On which link, not how fast: a busy machine's guest may send less than it was asked for. How exact, Measuring says.
    $flows = 2.5e6

    function Get-SentBytes([string] $HostName, [string] $Link) {
        [long](ssh $HostName cat "/sys/class/net/$Link/statistics/tx_bytes")
    }
}

AfterAll {
    Stop-LabTraffic vm1 out
    Invoke-Lab guest-stop vm1
}

Describe 'A network of its own for migrations' {
    It 'is found by -MigrationNetwork and by the route to -Destination, and the VM has no traffic there' {
        foreach ($where in @{ MigrationNetwork = $network }, @{ Destination = 'kvm-b-mig' }) {
            $rate = Get-VMTrafficRate kvm-a -SampleCount 3 @where
            $rate.Uplink | Should -Be uplink1
            $rate.TxBitsPerSecond | Should -Be 0
            $rate.ElsewhereTxBitsPerSecond | Should -BeGreaterThan $flows
        }

        $rate = Get-VMTrafficRate kvm-a -SampleCount 3
        $rate.Uplink | Should -Be uplink0
        $rate.TxBitsPerSecond | Should -BeGreaterThan $flows
        $rate.ElsewhereTxBitsPerSecond | Should -Be 0
    }

    It 'leaves nothing to contend for, so pre-copy wins; and the memory takes that way' {
        $plan = Get-VMTrafficRate kvm-a -MigrationNetwork $network | Get-MigrationPlan -Destination kvm-b -MigrationNetwork $network
        $plan.Technique | Should -Be PreCopy
        $plan.MigrationAddress | Should -Be 198.51.100.204
        $plan.Plan.ContentionBitsPerSecond | Should -BeLessThan 100000

        $before = Get-SentBytes kvm-a uplink1
        $result = $plan | Start-TrafficSensitiveMigration -Confirm:$false
        $result.Outcome | Should -Be Completed
        (Get-SentBytes kvm-a uplink1) - $before | Should -BeGreaterThan (0.9 * $result.BytesTransferred)
    }
}
