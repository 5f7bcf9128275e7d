@{
    About    = 'One pair of hosts; vm1 writes its memory nearly as fast as the link could carry it, vm2 sends.'
    Hosts    = 2
    LinkRate = '50mbit'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '224', '--fill', '80', '--working-set', '48', '--dirty-rate', '5') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '224', '--fill', '128') }
    )
    Flows    = @(
        @{ Flow = 'vm2 out'; Rate = '30M' }
    )
}
