@{
    About    = 'One source is emptied to three destinations. Ours chooses the destinations, the others take them in turn.'
    Hosts    = 4
    LinkRate = '50mbit'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '64') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-c'; Options = @('--memory', '160', '--fill', '64') }
        @{ VM = 'vm3'; Home = 'kvm-a'; Away = 'kvm-d'; Options = @('--memory', '160', '--fill', '64') }
        @{ VM = 'vm4'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '64') }
    )
    Flows    = @(
        @{ Flow = 'vm1 out'; Rate = '20M' }
        @{ Flow = 'vm2 out'; Rate = '15M' }
        @{ Flow = 'vm3 in'; Rate = '15M' }
        @{ Flow = 'vm4 in'; Rate = '20M' }
    )
    # The way back would be another task, so each run begins with new guests at home.
    OneWay   = $true
}
