@{
    About    = 'Table 1 of the published evaluation: two sources, two destinations, and one TCP stream from vm1 to vm2 as fast as the link lets it.'
    Hosts    = 4
    LinkRate = '100mbit'
    # As much waits as on a real host of 1 Gbit/s in proportion: a page that post-copy asks for stands in this queue.
    Queue    = '32'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-c'; Options = @('--memory', '256', '--fill', '136') }
        @{ VM = 'vm2'; Home = 'kvm-b'; Away = 'kvm-d'; Options = @('--memory', '256', '--fill', '136') }
    )
    Flows    = @(
        @{ Flow = 'vm1 to vm2'; Rate = '0' }
    )
}
