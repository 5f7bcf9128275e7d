@{
    About    = 'Table 2 of the published evaluation, scaled down: four sources with two VMs each, three of four VMs run Redis, the others ask it.'
    Hosts    = 8
    LinkRate = '40mbit'
    Queue    = '24'
    With     = 'redis'
    Unit     = 'answers/s'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-e'; Options = @('--memory', '144', '--fill', '0', '--zero-free') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-e'; Options = @('--memory', '176', '--fill', '0', '--zero-free') }
        @{ VM = 'vm3'; Home = 'kvm-b'; Away = 'kvm-f'; Options = @('--memory', '144', '--fill', '0', '--zero-free') }
        @{ VM = 'vm4'; Home = 'kvm-b'; Away = 'kvm-f'; Options = @('--memory', '144', '--fill', '0', '--zero-free') }
        @{ VM = 'vm5'; Home = 'kvm-c'; Away = 'kvm-g'; Options = @('--memory', '144', '--fill', '0', '--zero-free') }
        @{ VM = 'vm6'; Home = 'kvm-c'; Away = 'kvm-g'; Options = @('--memory', '144', '--fill', '0', '--zero-free') }
        @{ VM = 'vm7'; Home = 'kvm-d'; Away = 'kvm-h'; Options = @('--memory', '144', '--fill', '0', '--zero-free') }
        @{ VM = 'vm8'; Home = 'kvm-d'; Away = 'kvm-h'; Options = @('--memory', '176', '--fill', '0', '--zero-free') }
    )
    Servers  = @('vm1', 'vm3', 'vm4', 'vm5', 'vm6', 'vm7')
    Flows    = @(
        @{ Flow = 'vm2 queries vm3' }
        @{ Flow = 'vm2 queries vm5' }
        @{ Flow = 'vm2 queries vm7' }
        @{ Flow = 'vm8 queries vm1' }
        @{ Flow = 'vm8 queries vm4' }
        @{ Flow = 'vm8 queries vm6' }
    )
}
