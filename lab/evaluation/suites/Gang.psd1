@{
    About      = 'One pair of hosts, two migrations at once; vm3 sends to vm1 and vm4 to vm2, so that by name the pairs are torn.'
    Hosts      = 2
    LinkRate   = '40mbit'
    Queue      = '24'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
        @{ VM = 'vm3'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
        @{ VM = 'vm4'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
    )
    # Nothing of it reaches the link as long as sender and receiver are on one host.
    Flows      = @(
        @{ Flow = 'vm3 to vm1'; Rate = '35%' }
        @{ Flow = 'vm4 to vm2'; Rate = '35%' }
    )
    Strategies = @(
        @{ Name = 'Serial'; About = 'one after another'; Rate = @{}; Plan = @{ Schedule = 'Serial' }; Start = @{ Adaptive = $false } }
        @{ Name = 'Waves'; About = 'in waves of two, by name'; Rate = @{}; Plan = @{ Schedule = 'Waves'; ThrottleLimit = 2 }; Start = @{ Adaptive = $false } }
        @{ Name = 'Parallel'; About = 'all at once'; Rate = @{}; Plan = @{ Schedule = 'Parallel' }; Start = @{ Adaptive = $false } }
        @{ Name = 'Gangs'; About = 'gang after gang'; Rate = @{}; Plan = @{ Schedule = 'Gangs'; ThrottleLimit = 2 }; Start = @{ Adaptive = $false } }
        @{ Name = 'Auto'; About = 'two at once, in the order chosen'; Rate = @{}; Plan = @{ ThrottleLimit = 2 }; Start = @{ Adaptive = $false } }
        @{ Name = 'Blind'; About = 'two at once, not knowing who talks to whom'; Rate = @{ CountersOnly = $true }; Plan = @{ ThrottleLimit = 2 }; Start = @{ Adaptive = $false } }
    )
}
