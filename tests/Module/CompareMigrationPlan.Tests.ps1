BeforeAll {
    $hosts = 'kvm8', 'kvm9' | ForEach-Object { [pscustomobject]@{ HostName = $_; LinkBitsPerSecond = 1e9 } }
    $rates = 1..4 | ForEach-Object {
        [pscustomobject]@{
            HostName = 'kvm1'; VMName = "vm$_"; TxBitsPerSecond = 100e6 * $_; RxBitsPerSecond = 100e6 * (5 - $_)
            MemoryBytes = 2GB; LinkBitsPerSecond = 1e9; DirtyBytesPerSecond = 5MB
        }
    }
}

Describe 'Compare-MigrationPlan' {
    It 'lays every strategy side by side, all at once and one after another' {
        $compared = $rates | Compare-MigrationPlan -Destination $hosts
        $compared.Strategy | Should -Be (@('TrafficSensitive', 'PreCopy', 'PostCopy', 'PreCopyThenPostCopy') * 2)
        $compared.Arrangement | Should -Be (@('Parallel') * 4 + @('Serial') * 4)
        $best = $compared[0]
        foreach ($other in $compared[1..3]) {
            $best.ContentionBitsPerSecond | Should -BeLessOrEqual $other.ContentionBitsPerSecond
        }
        $compared[2].PredictedBytes | Should -Be (8GB)
        $compared[1].PredictedBytes | Should -BeGreaterThan (8GB)
        $compared[4].PredictedDuration | Should -BeGreaterThan $best.PredictedDuration
        $compared.ApplicationShare | ForEach-Object { $_ | Should -BeGreaterThan 0; $_ | Should -BeLessOrEqual 1 }
        $compared[0].Plans.Count | Should -Be 4
    }

    It 'obeys wishes, but compares with all by post-copy all the same' {
        $compared = $rates | Compare-MigrationPlan -Destination $hosts -MaxPostCopy 1 -ThrottleLimit 0
        $compared.PostCopyCount | Should -Be 1, 0, 4, 0
    }

    It 'compares what is asked for' {
        $compared = $rates | Compare-MigrationPlan -Destination $hosts -Strategy PostCopy, PreCopy -ThrottleLimit 2
        $compared.Strategy | Should -Be PostCopy, PreCopy
        $compared.Arrangement | Should -Be Groups, Groups
    }

    It 'lays schedules side by side, each once, in a table under 100 columns' {
        $talking = $rates | Select-Object *, @{ n = 'Peers'; e = { 'vm{0}=400000000' -f (1 + ([int]$_.VMName.Substring(2) + 1) % 4) } }
        $compared = $talking | Compare-MigrationPlan -Destination $hosts[0] -Strategy TrafficSensitive -Schedule Auto, Serial, Waves, Gangs, Parallel -ThrottleLimit 2
        $compared.Arrangement | Should -Be Groups, Serial, Waves, Gangs, Parallel
        $compared.Schedule | Should -Be Auto, Serial, Waves, Gangs, Parallel
        $compared[3].PredictedApartBytes | Should -BeLessThan $compared[2].PredictedApartBytes
        $compared[0].PredictedDuration | Should -BeLessOrEqual ($compared[3].PredictedDuration / 0.98)
        $lines = ($compared | Out-String -Width 120) -split "`n" | ForEach-Object TrimEnd
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessThan 80
        $lines -join "`n" | Should -Match '(?s)Groups of 2.*Serial.*Waves of 2.*Gangs, 2 at once.*Parallel'
    }

    It 'shows contention even where nothing can be predicted' {
        $compared = Import-Csv (Join-Path $PSScriptRoot '../../examples/published-example.csv') | Compare-MigrationPlan -Destination kvm2 -NoProbe -ThrottleLimit 0
        $compared.ContentionBitsPerSecond | Should -Be 400000000, 500000000, 900000000, 500000000
        $compared[0].PredictedDuration | Should -BeNullOrEmpty
    }

    It 'is a table under 100 columns' {
        $lines = ($rates | Compare-MigrationPlan -Destination $hosts | Out-String -Width 120) -split "`n" | ForEach-Object TrimEnd
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessThan 100
        $lines -join "`n" | Should -Match 'Migrations: Serial'
    }

    It 'refuses an empty pipeline' {
        { @() | Compare-MigrationPlan -Destination kvm2 -NoProbe } | Should -Throw -ErrorId 'NoVMToPlan,*'
    }

    It 'runs the README''s example of a rack' {
        $examples = Join-Path $PSScriptRoot '../../examples'
        $hosts = Import-Csv "$examples/rack-hosts.csv"
        $rack = Import-Csv "$examples/rack-rates.csv" | Get-MigrationPlan -Destination $hosts -Separate web1, web2
        $rack.Count | Should -Be 8
        $rack[0].Plan.Gap | Should -BeLessThan 0.001
        ($rack | Where-Object VMName -EQ web1).Destination | Should -Not -Be ($rack | Where-Object VMName -EQ web2).Destination
        # It dirties more than 1 Gbit/s carries.
        ($rack | Where-Object VMName -EQ cache1).Reason | Should -Match 'PreCopy would never end'
        (Import-Csv "$examples/rack-rates.csv" | Compare-MigrationPlan -Destination $hosts).Count | Should -Be 8
    }
}
