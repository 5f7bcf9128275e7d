@{
    About    = 'One source is emptied to three destinations. Ours chooses the destinations, the others take them in turn.'
    Hosts    = 4
    LinkRate = '30mbit'
    Queue    = '24'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-c'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
        @{ VM = 'vm3'; Home = 'kvm-a'; Away = 'kvm-d'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
        @{ VM = 'vm4'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '128', '--fill', '8', '--zero-free', '--downtime-limit', '2000') }
    )
    Flows    = @(
        @{ Flow = 'vm1 out'; Rate = '40%' }
        @{ Flow = 'vm2 out'; Rate = '30%' }
        @{ Flow = 'vm3 in'; Rate = '30%' }
        @{ Flow = 'vm4 in'; Rate = '40%' }
    )
    # The way back would be another task, so each run begins with new guests at home.
    OneWay   = $true
}
