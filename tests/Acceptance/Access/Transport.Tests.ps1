BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    Invoke-Lab guest-start kvm-a vm9 --memory 160 --fill 48 --no-boot

    function Get-TestPlan([string] $From, [string] $To, [string] $Strategy) {
        [pscustomobject]@{ HostName = $From; VMName = 'vm9'; TxBitsPerSecond = 1e6; RxBitsPerSecond = 2e6 } |
            Get-MigrationPlan -Destination $To -NoProbe -Strategy $Strategy
    }
}

AfterAll {
    Invoke-Lab guest-stop vm9
}

Describe 'Memory' {
    It 'travels over TLS, in post-copy too' {
        $result = Get-TestPlan kvm-a kvm-b PostCopy | Start-TrafficSensitiveMigration -Tls -BandwidthLimit 80e6 -Confirm:$false
        $result.Outcome | Should -Be Completed
        $result.TechniqueUsed | Should -Be PostCopy
    }

    It 'does not go to a host that shows another name in its certificate, and the VM stays' {
        $pki = '/etc/libvirt/pki'
        ssh kvm-c "mkdir $pki/own && mv $pki/*.pem $pki/own"
        try {
            # kvm-a's certificate: of the same authority, for another name.
            ssh kvm-a "tar -C $pki -c ." | ssh kvm-c "tar -C $pki -x"
            $result = Get-TestPlan kvm-b kvm-c PreCopy | Start-TrafficSensitiveMigration -Tls -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problem
        }
        finally {
            ssh kvm-c "mv $pki/own/*.pem $pki && rmdir $pki/own"
        }

        $result.Outcome | Should -Be Failed
        $problem.Exception.Message | Should -Match 'certificate|TLS'
        ssh kvm-b virsh -q list --name | Should -Contain vm9
    }

    It 'travels through the tunnel of the libvirts, in pre-copy' {
        $result = Get-TestPlan kvm-b kvm-c PreCopy | Start-TrafficSensitiveMigration -Tunnelled -Confirm:$false
        $result.Outcome | Should -Be Completed
        ssh kvm-c virsh -q list --name | Should -Contain vm9
    }

    It 'does not begin a post-copy through the tunnel' {
        { Get-TestPlan kvm-c kvm-a PostCopy | Start-TrafficSensitiveMigration -Tunnelled -Confirm:$false } | Should -Throw -ErrorId 'RunParameterInvalid,*'
        { Get-TestPlan kvm-c kvm-a PreCopy | Start-TrafficSensitiveMigration -Tunnelled -Tls -Confirm:$false } | Should -Throw -ErrorId 'RunParameterInvalid,*'
        ssh kvm-c virsh -q list --name | Should -Contain vm9
    }
}
