BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    # It must run, and nothing is asked of the guest itself.
    Invoke-Lab guest-start kvm-a vm1 --memory 144 --fill 8 --no-boot

    function Get-TestPlan([string] $VM = 'vm1', [string] $Destination = 'kvm-b', [string] $Strategy = 'PreCopy') {
        [pscustomobject]@{ HostName = 'kvm-a'; VMName = $VM; TxBitsPerSecond = 1e6; RxBitsPerSecond = 2e6 } |
            Get-MigrationPlan -Destination $Destination -NoProbe -Strategy $Strategy
    }

    # Makes a fault, checks, and takes the fault back whatever happens.
    function Test-WithFault([string] $HostName, [string] $Fault, [string] $Repair, [hashtable] $Plan = @{}) {
        ssh $HostName $Fault
        try {
            $LASTEXITCODE | Should -Be 0 -Because 'the fault must have been made'
            Get-TestPlan @Plan | Test-MigrationPlan
        }
        finally {
            ssh $HostName $Repair
        }
    }
}

AfterAll {
    Invoke-Lab guest-stop vm1
}

Describe 'Test-MigrationPlan between two healthy hosts' {
    It 'finds nothing against <_>' -ForEach 'PreCopy', 'PostCopy' {
        Get-TestPlan -Strategy $_ | Test-MigrationPlan | Out-String | Should -BeNullOrEmpty
    }
}

Describe 'Test-MigrationPlan sees before anything moves that' {
    It 'the source does not know the host key of the destination' {
        $found = Test-WithFault kvm-a 'mv ~/.ssh/known_hosts ~/.ssh/away' 'mv ~/.ssh/away ~/.ssh/known_hosts'
        $found.Check | Should -Be HostKeyNotVerified
        $found.Severity | Should -Be Error
        $found.HostName | Should -Be kvm-a
        $found.VMName | Should -BeNullOrEmpty
        $found.Message | Should -Match "'kvm-a'.*'kvm-b'.*Host key verification failed"
    }

    It 'the source cannot resolve the name of the destination' {
        $found = Test-WithFault kvm-a 'cp /etc/hosts /tmp/hosts.away && grep -v kvm-b /tmp/hosts.away >/etc/hosts' 'cat /tmp/hosts.away >/etc/hosts; rm /tmp/hosts.away'
        $found.Check | Should -Be NameNotResolved
        $found.HostName | Should -Be kvm-a
    }

    It 'a firewall swallows what goes to some of the migration ports, and politely refuses the others' {
        $found = Test-WithFault kvm-b `
            'nft "add table ip shut; add chain ip shut in { type filter hook input priority 0; }; add rule ip shut in tcp dport 49152-49199 drop; add rule ip shut in tcp dport 49200-49215 reject with icmp admin-prohibited"' 'nft delete table ip shut'
        $found.Check | Should -Be MigrationPortsClosed
        $found.Message | Should -Match '49152-49215'
    }

    It 'the destination has another VM of that name' {
        $found = Test-WithFault kvm-b `
            'echo "<domain type=\"qemu\"><name>vm1</name><memory>1024</memory><os><type>hvm</type></os></domain>" >/tmp/d.xml; virsh -q define /tmp/d.xml' 'virsh -q undefine vm1; rm /tmp/d.xml'
        $found.Check | Should -Be NameTaken
        $found.VMName | Should -Be vm1
        $found.HostName | Should -Be kvm-b
    }

    It 'a destination is the source under another name, one cannot be reached, and a VM is not there, all at once' {
        $found = @(Get-TestPlan -Destination 198.51.100.11) + @(Get-TestPlan -VM vm76 -Destination kvm.invalid) + @(Get-TestPlan -VM vm77) | Test-MigrationPlan
        $found.Check | Should -Be SameHost, VMNotFound, HostNotFound
    }

    It 'the destination lacks what the VM needs: file, disk, bridge, folder, memory' {
        # More than is free and less than there is: Linux lends that to a guest that does not touch it.
        $kibibytes = [long](ssh kvm-a 'awk "/^MemTotal:/ { print \$2 }" /proc/meminfo') - 65536
        @"
<domain type='qemu'>
  <name>odd</name><memory>$kibibytes</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><kernel>/var/lib/libvirt/vmlinuz</kernel></os>
  <devices>
    <disk type='file'><driver name='qemu' type='raw'/><source file='/var/lib/libvirt/odd.img'/><target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><source file='/var/lib/libvirt/odd.iso' startupPolicy='optional'/><target dev='sda'/></disk>
    <interface type='bridge'><source bridge='br9'/></interface>
    <serial type='file'><source path='/var/lib/libvirt/logs/odd.log'/></serial>
  </devices>
</domain>
"@ | ssh kvm-a 'cd /var/lib/libvirt && mkdir logs && cp /etc/hostname odd.iso && truncate -s 1M odd.img && cp /run/trafficmigration-lab/*/image/vmlinuz . &&
            ip link add br9 type bridge && cat >odd.xml && virsh -q create odd.xml'
        try {
            $LASTEXITCODE | Should -Be 0
            $found = Get-TestPlan -VM odd | Test-MigrationPlan
        }
        finally {
            ssh kvm-a 'virsh -q destroy odd; ip link delete br9; rm -r /var/lib/libvirt/odd.* /var/lib/libvirt/vmlinuz /var/lib/libvirt/logs'
        }

        $found | ForEach-Object { "$($_.Severity) $($_.Check)" } | Should -Be @(
            'Error StorageNotShared', 'Error BridgeMissing', 'Error PathMissing', 'Error PathMissing', 'Error VMTooLarge'
            'Warning PathMissing', 'Information NotPersistent'
        )
        $found[2, 3].Message | Should -Match '/var/lib/libvirt/logs|/var/lib/libvirt/vmlinuz'
        $found.VMName | Sort-Object -Unique | Should -Be odd
        $found | Format-Table | Out-String -Width 100 | Should -Match 'StorageNotShared'
    }

    It 'the VM has been shut off' {
        $found = Test-WithFault kvm-a 'virsh -q destroy vm1' true
        $found.Check | Should -Be VMNotRunning
        $found.Message | Should -Match "'vm1'.*'kvm-a'.*shut off"
    }
}
