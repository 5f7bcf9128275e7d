@{
    About    = 'One pair of hosts; vm1 writes its memory nearly as fast as the link could carry it, vm2 sends.'
    Hosts    = 2
    LinkRate = '70mbit'
    Queue    = '32'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '176', '--fill', '24', '--working-set', '48', '--dirty-rate', '6', '--zero-free') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '48', '--zero-free') }
    )
    Flows    = @(
        @{ Flow = 'vm2 out'; Rate = '40M' }
    )
}
