BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    Invoke-Lab guest-start kvm-a vm8 --memory 136 --fill 8 --no-boot
}

AfterAll {
    Get-KvmHostSession | Remove-KvmHostSession
    Invoke-Lab guest-stop vm8
}

Describe 'Whoever logs in' {
    It 'as a member of the group libvirt measures, plans and checks' {
        $plan = Get-VMTrafficRate kvm-a vm8 -UserName member -SampleCount 2 | Get-MigrationPlan -Destination kvm-b -UserName member
        $plan.VMName | Should -Be vm8
        $found = $plan | Test-MigrationPlan -UserName member
        $found | Where-Object Severity -EQ Error | Should -BeNullOrEmpty
        # What libvirt does as root cannot be tried by somebody who is not.
        $found.Check | Should -Contain LoginNotVerified
    }

    It 'by password, as a member too, migrates; and the password is nowhere but in memory' {
        $word = Get-Content /run/trafficmigration-lab/*/visitor-password
        $right = [pscredential]::new('visitor', (ConvertTo-SecureString $word -AsPlainText))
        $wrong = [pscredential]::new('visitor', (ConvertTo-SecureString "no-$word" -AsPlainText))
        Get-VMTrafficRate kvm-a -Credential $wrong -ErrorAction SilentlyContinue -ErrorVariable refused | Should -BeNullOrEmpty
        $refused.FullyQualifiedErrorId | Should -BeLike 'AuthenticationFailed,*'

        $said = @(Get-VMTrafficRate kvm-a vm8 -Credential $right -SampleCount 2 -Verbose 4>&1)
        $plan = $said | Where-Object { $_ -is [TrafficMigration.Traffic.VMTrafficRate] } | Get-MigrationPlan -Destination kvm-b -NoProbe
        $said += @($plan | Start-TrafficSensitiveMigration -Credential $right -Confirm:$false -JournalPath $TestDrive/journals -Verbose 4>&1 3>&1 6>&1)
        ($said | Where-Object { $_ -is [TrafficMigration.Migration.VMMigrationResult] }).Outcome | Should -Be Completed
        ssh kvm-b virsh -q list --name | Should -Contain vm8

        # What tells about the site is its owner's alone.
        (Get-ChildItem $TestDrive/journals -File).UnixMode | Sort-Object -Unique | Should -Be '-rw-------'

        # The password is in nothing that was said or written, here or on the hosts.
        $said.Count | Should -BeGreaterThan 10
        Get-TrafficSensitiveMigration -Last -JournalPath $TestDrive/journals | Export-MigrationReport "$TestDrive/report.html" -JournalPath $TestDrive/journals
        @($said) + @($refused) | Format-List * -Force | Out-String -Width 1000 | Should -Not -Match $word
        Get-ChildItem $TestDrive -Recurse -File | Select-String -Pattern $word -SimpleMatch | Should -BeNullOrEmpty
        foreach ($name in 'kvm-a', 'kvm-b') {
            ssh $name "grep -rs $word /run/lock /tmp /var/log; true" | Should -BeNullOrEmpty
        }
    }

    It 'by sudo does the same; without -Sudo the user may not' {
        Get-VMTrafficRate kvm-b -UserName helper -ErrorAction SilentlyContinue -ErrorVariable refused | Should -BeNullOrEmpty
        $refused.FullyQualifiedErrorId | Should -BeLike 'LibvirtAccessDenied,*'
        $refused.Exception.Message | Should -Match '-Sudo'

        $null = New-KvmHostSession kvm-a, kvm-b -UserName helper -Sudo
        $plan = Get-VMTrafficRate kvm-b vm8 -SampleCount 2 | Get-MigrationPlan -Destination kvm-a
        $plan | Test-MigrationPlan | Should -BeNullOrEmpty
        ($plan | Start-TrafficSensitiveMigration -Confirm:$false).Outcome | Should -Be Completed
        ssh kvm-a virsh -q list --name | Should -Contain vm8
    }

    It 'and has nothing to do with a migration can neither remove nor read its marks' {
        ssh kvm-a 'mkdir -m 700 /run/lock/trafficmigration/vm8 && echo 1 >/run/lock/trafficmigration/vm8/pid'
        try {
            ssh kvm-a stat -c %a /run/lock/trafficmigration | Should -Be 1777
            ssh operator@kvm-a 'rm -rf /run/lock/trafficmigration/vm8; mv /run/lock/trafficmigration/vm8 /tmp; cat /run/lock/trafficmigration/vm8/pid' 2>&1 | Should -Match 'not permitted|denied'
            ssh kvm-a cat /run/lock/trafficmigration/vm8/pid | Should -Be 1
        }
        finally {
            ssh kvm-a 'rm -r /run/lock/trafficmigration/vm8'
        }
    }

    It 'and may not use sudo is told so' {
        Get-VMTrafficRate kvm-a -UserName operator -Sudo -ErrorAction SilentlyContinue -ErrorVariable refused
        $refused.FullyQualifiedErrorId | Should -BeLike 'SudoRefused,*'
        $refused.CategoryInfo.Category | Should -Be PermissionDenied
        $refused.Exception.Message | Should -Match 'NOPASSWD'
    }

    It 'can name another libvirt of the host' {
        (Get-VMTrafficRate kvm-a -UserName member -ConnectUri 'qemu+unix:///system?socket=/run/libvirt/libvirt-sock' -SampleCount 1).VMName | Should -Contain vm8
        Get-VMTrafficRate kvm-a -ConnectUri 'qemu+unix:///system?socket=/run/no$(touch /tmp/evil)such' -ErrorAction SilentlyContinue -ErrorVariable refused
        $refused.FullyQualifiedErrorId | Should -BeLike 'LibvirtUnavailable,*'
        { Get-VMTrafficRate kvm-a -ConnectUri 'qemu' } | Should -Throw '*connection URI*'
        ssh kvm-a 'ls /tmp/evil 2>/dev/null' | Should -BeNullOrEmpty
    }

    It 'completes VMs over an open session' {
        $line = 'Get-VMTrafficRate kvm-a -Name vm'
        # On a busy machine the answer may come too late for one Tab.
        $found = foreach ($try in 1..10) {
            $offered = (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText
            if ($offered) { $offered; break }
        }

        $found | Should -Be vm8
    }
}
