# What a site may demand of its hosts before each maintenance, as Pester tests. Run it with
#   $hosts = New-PesterContainer -Path site.Tests.ps1 -Data @{ HostName = 'kvm1'; Destination = 'kvm2', 'kvm3' }
#   Invoke-Pester -Container $hosts
# Nothing is moved.
param(
    [Parameter(Mandatory)] [string] $HostName,
    [Parameter(Mandatory)] [string[]] $Destination,
    # The most that may be carried on an uplink besides, in per cent of it.
    [int] $MostUsed = 95,
    [timespan] $Longest = '04:00:00'
)

BeforeAll {
    $rates = Get-VMTrafficRate $HostName -SampleCount 3
    $hosts = Get-HostTraffic $Destination -SampleCount 3
    $plan = $rates | Get-MigrationPlan -Destination $hosts
}

Describe 'Emptying <HostName>' {
    It 'has room for every VM' {
        $plan.VMName | Sort-Object | Should -Be ($rates.VMName | Sort-Object)
    }

    It 'has no step that would fail' {
        $plan | Test-MigrationPlan | Where-Object Severity -EQ Error | ForEach-Object Message | Should -BeNullOrEmpty
    }

    It 'has VMs that can all be post-copied, so that each of them can be got away' {
        $rates | Where-Object PostCopyCapable -EQ $false | ForEach-Object VMName | Should -BeNullOrEmpty
    }

    It 'has pre-copies that end' {
        $plan | Where-Object Converges -EQ $false | ForEach-Object VMName | Should -BeNullOrEmpty
    }

    It 'leaves room on every uplink' {
        foreach ($one in $hosts | Where-Object LinkBitsPerSecond) {
            100 * $one.BackgroundRxBitsPerSecond / $one.LinkBitsPerSecond | Should -BeLessThan $MostUsed -Because "$($one.HostName)'s uplink carries that already"
        }
    }

    It 'ends in time' {
        $plan.PredictedDuration | Where-Object { $_ -gt $Longest } | Should -BeNullOrEmpty
    }
}
