@{
    About    = 'Table 1 of the published evaluation: two sources, two destinations, and one TCP stream from vm1 to vm2 as fast as the link lets it.'
    Hosts    = 4
    LinkRate = '60mbit'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-c'; Options = @('--memory', '160', '--fill', '72') }
        @{ VM = 'vm2'; Home = 'kvm-b'; Away = 'kvm-d'; Options = @('--memory', '160', '--fill', '72') }
    )
    Flows    = @(
        @{ Flow = 'vm1 to vm2'; Rate = '0' }
    )
}
