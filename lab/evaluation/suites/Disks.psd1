@{
    About      = 'One pair of hosts; each of two VMs has a disk on its host alone, which goes with it; it rests on a backing file that is at both ends: vm1 sends and writes to its disk, vm2 receives.'
    Hosts      = 2
    OneWay     = $true # a VM that came back would find its old image
    LinkRate   = '70mbit'
    Queue      = '32'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '40', '--zero-free', '--disk', '96:8', '--backing-file', '--disk-writes', '1', '--downtime-limit', '2000') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '40', '--zero-free', '--disk', '96:8', '--backing-file', '--downtime-limit', '2000') }
    )
    Flows      = @(
        @{ Flow = 'vm1 out'; Rate = '46%' }
        @{ Flow = 'vm2 in'; Rate = '46%' }
    )
    Strategies = @(
        @{ Name = 'PreCopy'; About = 'all pre-copy, with their disks'; Rate = @{}; Plan = @{ Strategy = 'PreCopy'; CopyStorage = 'All' }; Start = @{ Adaptive = $false } }
        @{ Name = 'PostCopy'; About = 'all post-copy, with their disks'; Rate = @{}; Plan = @{ Strategy = 'PostCopy'; CopyStorage = 'All' }; Start = @{ Adaptive = $false } }
        @{ Name = 'TrafficSensitive'; About = 'ours, as planned, with their disks'; Rate = @{}; Plan = @{ CopyStorage = 'All' }; Start = @{ Adaptive = $false } }
        @{ Name = 'Incremental'; About = 'ours, as planned, without what the backing files hold'; Rate = @{}; Plan = @{ CopyStorage = 'Incremental' }; Start = @{ Adaptive = $false } }
    )
}
