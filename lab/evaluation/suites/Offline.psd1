@{
    About      = 'Three VMs that are alike move as a group while they stand still, or live.'
    Hosts      = 2
    LinkRate   = '100mbit'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8') }
        @{ VM = 'vm3'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8') }
    )
    Flows      = @(
        @{ Flow = 'vm1 out'; Rate = '20%' }
        @{ Flow = 'vm2 in'; Rate = '20%' }
    )
    OneWay     = $true
    Strategies = @(
        @{ Name = 'Live'; About = 'live, by traffic direction'; Rate = @{}; Plan = @{}; Start = @{} }
        @{ Name = 'Offline'; About = 'as a group, memory saved'; Rate = @{}; Plan = @{ Technique = 'Offline' }; Start = @{} }
    )
}
