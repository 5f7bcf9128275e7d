@{
    About      = 'Three VMs that are alike, each with a disk on its host alone, move as a group while they stand still, or live.'
    Hosts      = 2
    LinkRate   = '100mbit'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--disk', '48:16', '--zero-free') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--disk', '48:16', '--zero-free') }
        @{ VM = 'vm3'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--disk', '48:16', '--zero-free') }
    )
    Flows      = @(
        @{ Flow = 'vm1 out'; Rate = '20%' }
        @{ Flow = 'vm2 in'; Rate = '20%' }
    )
    OneWay     = $true
    Strategies = @(
        @{ Name = 'Live'; About = 'live, by traffic direction'; Rate = @{}; Plan = @{ CopyStorage = 'All' }; Start = @{} }
        @{ Name = 'Offline'; About = 'as a group, memory saved'; Rate = @{}; Plan = @{ Technique = 'Offline' }; Start = @{} }
    )
}
