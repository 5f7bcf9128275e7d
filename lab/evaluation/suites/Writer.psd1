@{
    About    = 'One pair of hosts; vm1 writes its memory at a quarter of what the link can carry, vm2 sends.'
    Hosts    = 2
    LinkRate = '40mbit'
    Queue    = '24'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '144', '--fill', '0', '--working-set', '48', '--zero-free', '--downtime-limit', '1000'); DirtyRate = '25%' }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '1000') }
    )
    Flows    = @(
        @{ Flow = 'vm2 out'; Rate = '40%' }
    )
}
