@{
    About      = 'One pair of hosts; both VMs hold text and receive, so that both are pre-copied: what compression chosen by a look at their memory is worth.'
    Hosts      = 2
    LinkRate   = '100mbit'
    Queue      = '32'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '256', '--fill', '96', '--content', 'text', '--zero-free') }
        @{ VM = 'vm2'; Home = 'kvm-a'; Away = 'kvm-b'; Options = @('--memory', '256', '--fill', '96', '--content', 'unique', '--zero-free') }
    )
    Flows      = @(
        @{ Flow = 'vm1 in'; Rate = '25%' }
        @{ Flow = 'vm2 in'; Rate = '25%' }
    )
    Strategies = @(
        @{ Name = 'Plain'; About = 'ours, memory not looked at'; Start = @{ Adaptive = $true } }
        @{ Name = 'Looked'; About = 'ours, memory looked at'; Rate = @{ MemoryContent = $true }; Start = @{ Adaptive = $true } }
        @{ Name = 'Zstd'; About = 'ours, all with zstd'; Plan = @{ Compression = 'Zstd' }; Start = @{ Adaptive = $true } }
        @{ Name = 'Zlib'; About = 'ours, all with zlib'; Plan = @{ Compression = 'Zlib' }; Start = @{ Adaptive = $true } }
        @{ Name = 'Streams'; About = 'ours, four connections a VM'; Plan = @{ ConnectionCount = 4 }; Start = @{ Adaptive = $true } }
    )
}
