@{
    About      = 'One pair of hosts; vm1 receives, so that it is pre-copied, and changes a few bytes of each page of a working set at three fifths of what the link carries: what differences (XBZRLE) are worth.'
    Hosts      = 2
    LinkRate   = '40mbit'
    Queue      = '24'
    Guests     = @(
        @{ VM = 'vm1'; Home = 'kvm-a'; Away = 'kvm-b'; DirtyRate = '60%'; Options = @('--memory', '160', '--fill', '24', '--working-set', '32', '--small-writes', '--zero-free', '--downtime-limit', '1000') }
    )
    Flows      = @(
        @{ Flow = 'vm1 in'; Rate = '40%' }
    )
    Strategies = @(
        @{ Name = 'Plain'; About = 'ours, memory not looked at'; Start = @{ Adaptive = $false } }
        @{ Name = 'Looked'; About = 'ours, memory looked at'; Rate = @{ MemoryContent = $true }; Start = @{ Adaptive = $false } }
        @{ Name = 'Xbzrle'; About = 'ours, all by differences'; Plan = @{ Compression = 'Xbzrle' }; Start = @{ Adaptive = $false } }
    )
}
