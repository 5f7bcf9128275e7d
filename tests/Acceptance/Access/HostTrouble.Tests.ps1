# What needs neither exact rates nor guests that have booted.
BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    Invoke-Lab guest-start kvm-a vm1 --memory 136 --fill 8 --no-boot
    Invoke-Lab guest-start kvm-a vm2 --memory 136 --fill 8 --no-boot
}

AfterAll {
    Invoke-Lab guest-stop vm1
    Invoke-Lab guest-stop vm2
}

Describe 'What can be wrong with a host' {
    It 'says <ErrorId> for <Case>' -ForEach @(
        @{ Case = 'a VM that is not there'; ErrorId = 'VMNotFound'; Category = 'ObjectNotFound'; Call = { Get-VMTrafficRate kvm-a -Name nosuch -SampleCount 1 } }
        @{ Case = 'a wrong key'; ErrorId = 'AuthenticationFailed'; Category = 'AuthenticationError'; Call = {
                ssh-keygen -q -t ed25519 -N '' -f "$TestDrive/other"
                Get-VMTrafficRate kvm-a -KeyFilePath "$TestDrive/other"
            }
        }
        @{ Case = 'a paused VM'; ErrorId = 'VMNotRunning'; Category = 'InvalidOperation'; Call = {
                ssh kvm-a virsh -q suspend vm2
                try { Get-VMTrafficRate kvm-a -Name vm2 -SampleCount 1 } finally { ssh kvm-a virsh -q resume vm2 }
            }
        }
        @{ Case = 'a user without the right to use libvirt'; ErrorId = 'LibvirtAccessDenied'; Category = 'PermissionDenied'; Call = {
                Get-VMTrafficRate kvm-a -UserName operator -SampleCount 1
            }
        }
        @{ Case = 'a libvirtd that is down'; ErrorId = 'LibvirtUnavailable'; Category = 'ResourceUnavailable'; Call = {
                ssh kvm-b 'p=$(cat /run/libvirtd.pid); kill $p; n=0; while [ -e /run/libvirtd.pid ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done; if [ -e /run/libvirtd.pid ]; then kill -9 $p; rm -f /run/libvirtd.pid; fi'
                try { Get-VMTrafficRate kvm-b -SampleCount 1 } finally { ssh kvm-b 'libvirtd -d </dev/null >/dev/null 2>&1' }
            }
        }
        @{ Case = 'a libvirtd that hangs'; ErrorId = 'LibvirtUnavailable'; Category = 'ResourceUnavailable'; Call = {
                ssh kvm-b 'kill -STOP $(cat /run/libvirtd.pid)'
                try { Get-VMTrafficRate kvm-b -SampleCount 1 } finally { ssh kvm-b 'kill -CONT $(cat /run/libvirtd.pid)' }
            }
        }
        @{ Case = 'a changed host key'; ErrorId = 'HostKeyMismatch'; Category = 'SecurityError'; Call = {
                $file = "$HOME/.ssh/known_hosts"
                $before = Get-Content $file
                $other = @($before -match '^kvm-a,.*ssh-ed25519')[0].Split(' ')[2]
                ($before | Where-Object { $_ -notmatch '^kvm-b,' }) + "kvm-b ssh-ed25519 $other" | Set-Content $file
                try { Get-VMTrafficRate kvm-b -SampleCount 1 } finally { $before | Set-Content $file }
            }
        }
        @{ Case = 'a host key that nobody recorded'; ErrorId = 'HostKeyUnknown'; Category = 'SecurityError'; Call = {
                $file = "$HOME/.ssh/known_hosts"
                $before = Get-Content $file
                $before | Where-Object { $_ -notmatch '^kvm-b,' } | Set-Content $file
                try { Get-VMTrafficRate kvm-b -SampleCount 1 } finally { $before | Set-Content $file }
            }
        }
    ) {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        $ErrorActionPreference = 'Continue'
        $problem = & $Call 2>&1 | Where-Object { $_ -is [Management.Automation.ErrorRecord] }
        $problem.FullyQualifiedErrorId | Should -BeLike "$ErrorId,*"
        $problem.CategoryInfo.Category | Should -Be $Category
        $problem.Exception.Message | Should -Match 'kvm-[ab]'
        $problem.Exception.Message | Should -Not -Match '   at '
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 25
    }

    It 'gives the rates of the other hosts when one cannot be reached' {
        $rates = Get-VMTrafficRate kvm.invalid, kvm-a -SampleCount 1 -ErrorAction SilentlyContinue -ErrorVariable problem
        $rates.VMName | Should -Be vm1, vm2
        @($problem).Count | Should -Be 1
    }

    It 'refuses to plan for a destination that is the source' {
        { Get-VMTrafficRate kvm-a -SampleCount 1 | Get-MigrationPlan -Destination kvm-a -NoProbe } | Should -Throw -ErrorId 'DestinationIsSource,*'
    }

    It 'refuses to plan for a destination without room' {
        $rates = Get-VMTrafficRate kvm-a -SampleCount 1 | Select-Object HostName, VMName, TxBitsPerSecond, RxBitsPerSecond, @{ n = 'MemoryBytes'; e = { 1TB } }
        { $rates | Get-MigrationPlan -Destination kvm-b -SampleCount 1 } | Should -Throw -ErrorId 'DestinationWithoutRoom,*'
    }

    It 'refuses to plan for a destination that cannot be reached' {
        { Get-VMTrafficRate kvm-a -SampleCount 1 | Get-MigrationPlan -Destination kvm.invalid } | Should -Throw -ErrorId 'HostNotFound,*'
    }
}
