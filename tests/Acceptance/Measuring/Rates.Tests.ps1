BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    $vms = 'vm1', 'vm2', 'vm3', 'vm4'
    Start-SharedGuest $vms
}

AfterAll {
    'vm3', 'vm4' | ForEach-Object { Invoke-Lab guest-stop $_ }
}

Describe 'Four VMs that send and receive at once, two of which also talk to each other' {
    BeforeAll {
        $flows = @(foreach ($vm in $vms) { "$vm out"; "$vm in" }; 'vm1 to vm2'; 'vm2 to vm1')

        # Side by side: each call takes seconds. What is in $Arguments follows the flow's own words.
        function Invoke-ForFlows([scriptblock] $Arguments) {
            $calls = $flows | ForEach-Object { @{ Flow = $_; Arguments = @(& $Arguments $_) } }
            $calls | ForEach-Object -ThrottleLimit 10 -Parallel {
                Import-Module "$using:PSScriptRoot/../../../lab/Lab.psm1"
                @{ Flow = $_.Flow; Said = Invoke-Lab @($_.Arguments) }
            }
        }

        # Measures once; what was seen, and what iperf3 says of the same seconds.
        function Compare-Rates([double] $LocalLimit) {
            $rates = @(Get-VMTrafficRate kvm-a -SampleCount 10)
            # iperf3 stamps a line when its second is over: the last one must have been written.
            Start-Sleep 2
            $to = $rates[0].SampledAt.ToUnixTimeSeconds()
            $from = ($rates[0].SampledAt - $rates[0].Window).ToUnixTimeSeconds()
            $iperf = @{}
            Invoke-ForFlows { 'traffic-mean'; $args[0].Split(' '); $from; $to } | ForEach-Object { $iperf[$_.Flow] = [double]$_.Said }
            $seen = foreach ($rate in $rates) {
                [pscustomobject]@{ VM = $rate.VMName; What = 'Tx'; Seen = $rate.TxBitsPerSecond; Iperf = $iperf["$($rate.VMName) out"]; Limit = 0.03 }
                # What was sent twice, the guest may have received twice.
                $in = $iperf["$($rate.VMName) in"]
                $sent = $rate.RxBitsPerSecond -le 1.03 * $in ? $in : [double](Invoke-Lab traffic-mean --sent $rate.VMName in $from $to)
                [pscustomobject]@{ VM = $rate.VMName; What = 'Rx'; Seen = $rate.RxBitsPerSecond; Iperf = [math]::Clamp($rate.RxBitsPerSecond, $in, $sent); Limit = 0.03 }
            }

            # Frames between guests hold headers and the other flow's acknowledgements, up to 4.5 % beside the payload;
            # and at 90 % the guests' processors, not a link, make these flows as uneven as their seconds.
            $seen += foreach ($end in @('vm1', 'LocalTx', 'vm1 to vm2'), @('vm2', 'LocalRx', 'vm1 to vm2'), @('vm2', 'LocalTx', 'vm2 to vm1'), @('vm1', 'LocalRx', 'vm2 to vm1')) {
                $rate = $rates | Where-Object VMName -EQ $end[0]
                [pscustomobject]@{ VM = $end[0]; What = $end[1]; Seen = $rate."$($end[1])BitsPerSecond"; Iperf = $iperf[$end[2]]; Limit = $LocalLimit }
            }

            # Who talks to whom, and as much as they say of what stays on the host: nothing else of theirs does.
            foreach ($pair in ('vm1', 'vm2'), ('vm2', 'vm1')) {
                $rate = $rates | Where-Object VMName -EQ $pair[0]
                $rate.Peers[0].VMName | Should -Be $pair[1]
                $rate.Peers[0].TxBitsPerSecond / $rate.LocalTxBitsPerSecond | Should -BeGreaterThan 0.97
                $rate.Peers[0].TxBitsPerSecond | Should -BeLessOrEqual $rate.LocalTxBitsPerSecond
            }

            # The two others talk to nobody here.
            foreach ($rate in $rates | Where-Object VMName -In vm3, vm4) {
                $rate.Peers | Should -BeNullOrEmpty
                $rate.LocalTxBitsPerSecond | Should -BeLessThan (20000 + 0.01 * $rate.TxBitsPerSecond)
            }

            $seen
        }

        # Flows of a rate each, and of another one between the two, for as long as it takes.
        function Test-Rates([string] $Each, [string] $Local, [double] $LocalLimit) {
            try {
                $null = Invoke-ForFlows { 'traffic-start'; '--seconds'; 180; '--rate'; ($args[0] -match ' to ' ? $Local : $Each); $args[0].Split(' ') }
                Start-Sleep 3
                # iperf3's lines are whole seconds: where the machine makes a flow uneven, the ends of a window do not meet.
                # That goes one way in one window and another in the next; a rate that is wrong is wrong in all of them.
                $off = $null
                for ($window = 1; $window -eq 1 -or ($off -and $window -le 3); $window++) {
                    $seen = Compare-Rates $LocalLimit
                    $table = $seen | ForEach-Object { '{0} {1,-7} {2,10} iperf3 {3,10} {4,7:P2}' -f $_.VM, $_.What, $_.Seen, $_.Iperf, ($_.Seen / $_.Iperf - 1) }
                    Write-Host "window ${window}:`n$($table -join "`n")"
                    $wrong = $seen | Where-Object { [math]::Abs($_.Seen / $_.Iperf - 1) -gt $_.Limit } | ForEach-Object { "$($_.VM) $($_.What)" }
                    $off = $wrong | Where-Object { $window -eq 1 -or $_ -in $off }
                }

                $off | Should -BeNullOrEmpty -Because ($table -join "`n")
            }
            finally {
                $vms | ForEach-Object -Parallel {
                    Import-Module "$using:PSScriptRoot/../../../lab/Lab.psm1"
                    Invoke-Lab traffic-stop $_
                }
            }
        }
    }

    It 'is within 3 % of iperf3 over 10 s at 5 % of the link' { Test-Rates 1250K 1M 0.05 }

    It 'is within 3 % of iperf3 over 10 s at 90 % of the link' -Tag Slow { Test-Rates 22500K 8M 0.1 }

    It 'leaves nothing of the counting behind on the host' {
        ssh kvm-a nft list tables | Should -BeNullOrEmpty
        ssh kvm-a 'ps -eo args' | Where-Object { $_ -match 'nft -i|/proc/net/dev' } | Should -BeNullOrEmpty
    }
}

Describe 'A sampler whose client dies' {
    It 'ends by itself when the client is killed, and with it the counting' {
        Start-LabTraffic vm1 to -Peer vm2 -Rate 8M -Seconds 60
        try {
            $module = (Get-Module TrafficMigration).Path
            $client = Start-Process (Get-Command pwsh -CommandType Application)[0].Source -PassThru -RedirectStandardOutput "$TestDrive/out.txt" -ArgumentList @(
                '-NoProfile', '-NonInteractive', '-Command', "Import-Module '$module'; Get-VMTrafficRate kvm-a -Continuous | Out-String -Stream")
            $counting = { ssh kvm-a nft list tables }
            $clock = [Diagnostics.Stopwatch]::StartNew()
            while (-not (& $counting) -and $clock.Elapsed.TotalSeconds -lt 30) { Start-Sleep -Milliseconds 200 }
            & $counting | Should -Be 'table bridge trafficmigration'

            $client.Kill($true) # pwsh may be a shim with the real one below it
            $clock.Restart()
            while ((ssh kvm-a 'ps -eo args' | Where-Object { $_ -match 'nft -i|/proc/net/dev' }) -and $clock.Elapsed.TotalSeconds -lt 20) { Start-Sleep -Milliseconds 200 }
            ssh kvm-a 'ps -eo args' | Where-Object { $_ -match 'nft -i|/proc/net/dev' } | Should -BeNullOrEmpty
            & $counting | Should -BeNullOrEmpty
        }
        finally {
            Stop-LabTraffic vm1 to -Peer vm2
        }
    }
}

Describe 'Get-VMTrafficRate -Continuous' {
    It 'streams an object a VM and interval over one connection, and ends with the pipeline' {
        $seen = Get-VMTrafficRate kvm-a -Name vm1, vm2 -Continuous -SampleCount 3 | Select-Object -First 8
        $seen.VMName | Should -Be (@('vm1', 'vm2') * 4)
        $seen[0, 2, 4, 6].SampleCount | Should -Be 1, 2, 3, 3
        $seen[6].SampledAt | Should -BeGreaterThan $seen[4].SampledAt
    }

    It 'sees a VM pause, and come and go' {
        ssh kvm-a virsh -q suspend vm3
        try {
            (Get-VMTrafficRate kvm-a -SampleCount 1).VMName | Should -Be vm1, vm2, vm4
        }
        finally {
            ssh kvm-a virsh -q resume vm3
        }
    }
}

Describe 'What planning needs of a VM and a host' {
    It 'knows the dirty rate when asked, vCPUs, resident memory, disks and post-copy' {
        $rate = Get-VMTrafficRate kvm-a -Name vm1 -SampleCount 2 -DirtyRate
        $rate.DirtyBytesPerSecond | Should -BeGreaterOrEqual 0
        $rate.VCpuCount | Should -Be 1
        $rate.ResidentBytes | Should -BeGreaterThan 64MB
        $rate.DiskStorage | Should -Be None
        $rate.PostCopyCapable | Should -BeTrue
        $rate.InterfaceCount | Should -Be 1
    }

    It 'takes hosts that were measured earlier as the destination' {
        $there = Get-HostTraffic kvm-b -SampleCount 1
        $there.Uplink | Should -Be uplink0
        $there.LinkDuplex | Should -Be full
        $there.LinkMtuBytes | Should -Be 1500
        $plan = Get-VMTrafficRate kvm-a -Name vm1 -SampleCount 1 | Get-MigrationPlan -Destination $there
        $plan.Destination | Should -Be kvm-b
        $plan.Plan.Links[1].LinkBitsPerSecond | Should -Be 100000000
    }

    It 'refuses a migration network that the host is not in, and text that is none' {
        { Get-VMTrafficRate kvm-a -MigrationNetwork 203.0.113.0/24 -ErrorAction Stop } | Should -Throw -ErrorId 'MigrationNetworkMissing,*'
        { Get-VMTrafficRate kvm-a -MigrationNetwork nonsense } | Should -Throw -ErrorId 'MigrationNetworkInvalid,*'
    }
}
