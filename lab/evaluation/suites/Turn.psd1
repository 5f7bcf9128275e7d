@{
    About    = 'One pair of hosts; vm1 sends and vm2 receives, and some seconds after the start both turn round.'
    Hosts    = 2
    LinkRate = '100mbit'
    Queue    = '32'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '64') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '64') }
    )
    Flows    = @(
        @{ Flow = 'vm1 out'; Rate = '80M' }
        @{ Flow = 'vm2 in'; Rate = '80M' }
    )
    Turn     = @{
        AfterSeconds = 8
        Flows        = @(
            @{ Flow = 'vm1 in'; Rate = '80M' }
            @{ Flow = 'vm2 out'; Rate = '80M' }
        )
    }
}
