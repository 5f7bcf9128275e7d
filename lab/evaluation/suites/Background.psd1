@{
    About      = 'One pair of hosts; a receiver and a sender, and the destination''s link is busy with somebody else''s incoming traffic.'
    Hosts      = 2
    LinkRate   = '50mbit'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '224', '--fill', '128') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '224', '--fill', '128') }
    )
    Flows      = @(
        @{ Flow = 'vm1 out'; Rate = '20M' }
        @{ Flow = 'vm2 in'; Rate = '20M' }
    )
    # From the client to the destination host itself.
    Background = '15M'
}
