@{
    About    = 'Table 1 of the published evaluation: two sources, two destinations, and one TCP stream from vm1 to vm2 as fast as the link lets it.'
    Hosts    = 4
    LinkRate = '100mbit'
    # A page that post-copy asks for stands in this queue: up to 2.6 ms; the lab's usual 96 KiB would be 8.
    Queue    = '32'
    Guests   = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-c'; Options = @('--memory', '256', '--fill', '136') }
        @{ VM = 'vm2'; Home = 'kvm-b'; Away = 'kvm-d'; Options = @('--memory', '256', '--fill', '136') }
    )
    Flows    = @(
        @{ Flow = 'vm1 to vm2' }
    )
}
