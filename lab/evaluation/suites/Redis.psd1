@{
    About    = 'Table 2 of the published evaluation, scaled down: four sources with two VMs each, three of four VMs run Redis, the others ask it.'
    Hosts    = 8
    LinkRate = '20mbit'
    Queue    = '24'
    With     = 'redis'
    Unit     = 'answers/s'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-e'; Options = @('--memory', '144', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-e'; Options = @('--memory', '176', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
        @{ VM = 'vm3'; Home = 'kvm-b'; Away = 'kvm-f'; Options = @('--memory', '144', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
        @{ VM = 'vm4'; Home = 'kvm-b'; Away = 'kvm-f'; Options = @('--memory', '144', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
        @{ VM = 'vm5'; Home = 'kvm-c'; Away = 'kvm-g'; Options = @('--memory', '144', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
        @{ VM = 'vm6'; Home = 'kvm-c'; Away = 'kvm-g'; Options = @('--memory', '144', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
        @{ VM = 'vm7'; Home = 'kvm-d'; Away = 'kvm-h'; Options = @('--memory', '144', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
        @{ VM = 'vm8'; Home = 'kvm-d'; Away = 'kvm-h'; Options = @('--memory', '176', '--fill', '0', '--zero-free', '--downtime-limit', '5000') }
    )
    Servers  = @('vm1', 'vm3', 'vm4', 'vm5', 'vm6', 'vm7')
    Flows    = @(
        @{ Flow = 'vm2 queries vm3'; Rate = '12%' }
        @{ Flow = 'vm2 queries vm5'; Rate = '12%' }
        @{ Flow = 'vm2 queries vm7'; Rate = '12%' }
        @{ Flow = 'vm8 queries vm1'; Rate = '12%' }
        @{ Flow = 'vm8 queries vm4'; Rate = '12%' }
        @{ Flow = 'vm8 queries vm6'; Rate = '12%' }
    )
}
