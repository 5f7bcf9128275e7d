@{
    About    = 'One source is emptied to three destinations. Ours chooses the destinations, the others take them in turn.'
    Hosts    = 4
    LinkRate = '100mbit'
    Queue    = '32'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '24', '--zero-free') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-c'; Options = @('--memory', '128', '--fill', '24', '--zero-free') }
        @{ VM = 'vm3'; Home = 'kvm-a'; Away = 'kvm-d'; Options = @('--memory', '128', '--fill', '24', '--zero-free') }
        @{ VM = 'vm4'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '24', '--zero-free') }
    )
    Flows    = @(
        @{ Flow = 'vm1 out'; Rate = '40M' }
        @{ Flow = 'vm2 out'; Rate = '30M' }
        @{ Flow = 'vm3 in'; Rate = '30M' }
        @{ Flow = 'vm4 in'; Rate = '40M' }
    )
    # The way back would be another task, so each run begins with new guests at home.
    OneWay   = $true
}
