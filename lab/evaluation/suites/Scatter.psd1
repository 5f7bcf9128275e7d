@{
    About    = 'One source is emptied to three destinations. Ours chooses the destinations, the others take them in turn.'
    Hosts    = 4
    LinkRate = '150mbit'
    Queue    = '48'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '144', '--fill', '48') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-c'; Options = @('--memory', '144', '--fill', '48') }
        @{ VM = 'vm3'; Home = 'kvm-a'; Away = 'kvm-d'; Options = @('--memory', '144', '--fill', '48') }
        @{ VM = 'vm4'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '144', '--fill', '48') }
    )
    Flows    = @(
        @{ Flow = 'vm1 out'; Rate = '60M' }
        @{ Flow = 'vm2 out'; Rate = '45M' }
        @{ Flow = 'vm3 in'; Rate = '45M' }
        @{ Flow = 'vm4 in'; Rate = '60M' }
    )
    # The way back would be another task, so each run begins with new guests at home.
    OneWay   = $true
}
