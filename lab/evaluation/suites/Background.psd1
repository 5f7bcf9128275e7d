@{
    About      = 'One pair of hosts; a receiver and a sender, and the destination''s link is busy with somebody else''s incoming traffic.'
    Hosts      = 2
    LinkRate   = '100mbit'
    Queue      = '32'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '64') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '64') }
    )
    Flows      = @(
        @{ Flow = 'vm1 out'; Rate = '40M' }
        @{ Flow = 'vm2 in'; Rate = '40M' }
    )
    # From the client to the destination host itself.
    Background = '30M'
}
