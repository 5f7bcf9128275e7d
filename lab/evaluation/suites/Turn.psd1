@{
    About    = 'One pair of hosts; vm1 sends and vm2 receives, and some seconds after the start both turn round.'
    Hosts    = 2
    LinkRate = '50mbit'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '224', '--fill', '128') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '224', '--fill', '128') }
    )
    Flows    = @(
        @{ Flow = 'vm1 out'; Rate = '40M' }
        @{ Flow = 'vm2 in'; Rate = '40M' }
    )
    Turn     = @{
        AfterSeconds = 8
        Flows        = @(
            @{ Flow = 'vm1 in'; Rate = '40M' }
            @{ Flow = 'vm2 out'; Rate = '40M' }
        )
    }
}
