@{
    About    = 'One pair of hosts; vm1 sends and vm2 receives, and some seconds after the start vm2 sends, too.'
    Hosts    = 2
    LinkRate = '70mbit'
    Queue    = '32'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '56', '--zero-free') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '56', '--zero-free') }
    )
    Flows    = @(
        @{ Flow = 'vm1 out'; Rate = '46%' }
        @{ Flow = 'vm2 in'; Rate = '46%' }
    )
    Turn     = @{
        AfterSeconds = 14
        Flows        = @(
            @{ Flow = 'vm1 out'; Rate = '46%' }
            @{ Flow = 'vm2 out'; Rate = '46%' }
        )
    }
}
