@{
    About      = 'One pair of hosts; a receiver and a sender, and the destination''s link is busy with somebody else''s incoming traffic.'
    Hosts      = 2
    LinkRate   = '70mbit'
    Queue      = '32'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '48', '--zero-free') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '160', '--fill', '48', '--zero-free') }
    )
    Flows      = @(
        @{ Flow = 'vm1 out'; Rate = '40%' }
        @{ Flow = 'vm2 in'; Rate = '40%' }
    )
    # From the client to the destination host itself.
    Background = '29%'
}
