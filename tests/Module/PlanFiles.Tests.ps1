BeforeAll {
    function Get-ExamplePlan([DateTimeOffset] $SampledAt) {
        1..3 | ForEach-Object {
            [pscustomobject]@{
                HostName = 'kvm1'; VMName = "vm$_"; TxBitsPerSecond = 100e6 * $_; RxBitsPerSecond = 50e6; MemoryBytes = 2GB
                LinkBitsPerSecond = 1e9; SampledAt = $SampledAt; Peers = $_ -eq 1 ? 'vm3=50000000' : $null
            }
        } | Get-MigrationPlan -Destination ([pscustomobject]@{ HostName = 'kvm2'; LinkBitsPerSecond = 1e9; MigrationAddress = '192.0.2.7' }) `
            -ThrottleLimit 2 -Deadline 00:05:00 -Schedule Waves
    }

    # Reads a plan as Start- does.
    $reader = (Get-Command Start-TrafficSensitiveMigration).ImplementingType.Assembly.GetType('TrafficMigration.Commands.PlanInput').GetMethod('Read')
    function Read-Plan([Parameter(ValueFromPipeline)] [psobject] $Plan) {
        process { $reader.Invoke($null, [object[]] @(, $Plan)) }
    }

    $forms = @{
        Clixml      = { param($plan) $plan | Export-Clixml TestDrive:/plan.xml; Import-Clixml TestDrive:/plan.xml }
        Json        = { param($plan) $plan | ConvertTo-Json -WarningAction Ignore | ConvertFrom-Json }
        FlatJson    = { param($plan) $plan | ConvertTo-Json -Depth 1 -WarningAction Ignore | ConvertFrom-Json }
        DeepJson    = { param($plan) $plan | ConvertTo-Json -Depth 12 | ConvertFrom-Json }
        NamedJson   = { param($plan) $plan | ConvertTo-Json -EnumsAsStrings -WarningAction Ignore | ConvertFrom-Json }
        Csv         = { param($plan) $plan | ConvertTo-Csv | ConvertFrom-Csv }
    }
}

Describe 'A plan that went through a file' {
    It 'can be run from <Form>' -ForEach @(@{ Form = 'Clixml' }, @{ Form = 'Json' }, @{ Form = 'FlatJson' }, @{ Form = 'DeepJson' }, @{ Form = 'NamedJson' }, @{ Form = 'Csv' }) {
        $plan = Get-ExamplePlan ([DateTimeOffset]::Now)
        $back = & $forms[$Form] $plan
        $back.Count | Should -Be 3
        { $back | Start-TrafficSensitiveMigration -WhatIf } | Should -Not -Throw
        # Read by the same code that Start- uses: nothing that a run needs is lost.
        $read = $back | Read-Plan
        foreach ($property in 'VMName', 'VMId', 'Source', 'Destination', 'Technique', 'MigrationAddress', 'Order', 'Stage', 'Gang', 'BandwidthLimitBitsPerSecond', 'Reason') {
            $read.$property | Should -Be $plan.$property -Because $property
        }
        $read.Stage | Should -Be 1, 1, 2
        $read.Gang | Should -Be 1, $null, 1
        [Math]::Abs(($read[0].SampledAt - $plan[0].SampledAt).TotalSeconds) | Should -BeLessThan 1.5
    }

    It 'keeps what an offline move needs in <Form>' -ForEach @(@{ Form = 'Clixml' }, @{ Form = 'Json' }, @{ Form = 'FlatJson' }, @{ Form = 'DeepJson' }, @{ Form = 'NamedJson' }, @{ Form = 'Csv' }) {
        $plan = 'b', 'a' | ForEach-Object { [pscustomobject]@{ HostName = 'kvm1'; VMName = $_; TxBitsPerSecond = 1; RxBitsPerSecond = 2 } } |
            Get-MigrationPlan -Destination kvm2 -NoProbe -Technique Offline -OfflineMemory Shutdown -StartOrder b -ReplaceDiskImage -BlocksFrom /images/base, /images/other
        $read = & $forms[$Form] $plan | Read-Plan
        foreach ($property in 'VMName', 'Technique', 'OfflineMemory', 'ReplacesDiskImages', 'Order') {
            $read.$property | Should -Be $plan.$property -Because $property
        }

        # As text an array cannot be told from one path: it is lost, and all blocks are sent.
        if ($Form -notin 'Csv', 'FlatJson') {
            $read[0].BlocksFrom | Should -Be '/images/base', '/images/other'
        }
    }

    It 'keeps the budget and the proof of the whole plan in <Form>' -ForEach @(@{ Form = 'Clixml' }, @{ Form = 'Json' }) {
        $plan = Get-ExamplePlan ([DateTimeOffset]::Now)
        $read = & $forms[$Form] $plan | Read-Plan
        foreach ($property in 'Strategy', 'Schedule', 'ContentionBitsPerSecond', 'LowerBoundBitsPerSecond', 'IsOptimal', 'ThrottleLimit', 'PredictedDuration') {
            $read[0].Plan.$property | Should -Be $plan[0].Plan.$property -Because $property
        }
    }

    It 'does not grow with the square of the VMs in Clixml' {
        $size = foreach ($count in 20, 40) {
            1..$count | ForEach-Object { [pscustomobject]@{ HostName = 'kvm1'; VMName = "vm$_"; TxBitsPerSecond = $_; RxBitsPerSecond = 2 } } |
                Get-MigrationPlan -Destination kvm2 -NoProbe | Export-Clixml TestDrive:/size.xml
            (Get-Item TestDrive:/size.xml).Length
        }
        $size[1] | Should -BeLessThan (2.2 * $size[0])
    }

    It 'serves rates, too' {
        $rates = [pscustomobject]@{ HostName = 'kvm1'; VMName = 'a'; TxBitsPerSecond = 1; RxBitsPerSecond = 2; SampledAt = [DateTimeOffset]'2026-01-02T03:04:05Z'; Window = [TimeSpan]'00:00:05' }
        $rates | Export-Clixml TestDrive:/rates.xml
        foreach ($back in (Import-Clixml TestDrive:/rates.xml), ($rates | ConvertTo-Json | ConvertFrom-Json)) {
            $plan = $back | Get-MigrationPlan -Destination kvm2 -NoProbe
            $plan.SampledAt.UtcDateTime | Should -Be ([datetime]'2026-01-02T03:04:05Z').ToUniversalTime()
            $plan.Rate.Window | Should -Be ([TimeSpan]'00:00:05')
        }
    }

    It 'is refused when <Case>' -ForEach @(
        @{ Case = 'a name is missing'; Change = { $_.Destination = '' }; Says = 'it has no Destination' }
        @{ Case = 'the technique is none'; Change = { $_.Technique = 'Teleport' }; Says = "'Teleport' is no Technique" }
        @{ Case = 'it goes to where it is'; Change = { $_.Destination = 'KVM1' }; Says = 'same host' }
        @{ Case = 'a figure is none'; Change = { $_.Order = 'many' }; Says = 'many' }
    ) {
        $back = & $forms['NamedJson'] (Get-ExamplePlan ([DateTimeOffset]::Now))
        $back[1] | ForEach-Object $Change
        $e = { $back | Start-TrafficSensitiveMigration -WhatIf } | Should -Throw -ErrorId 'PlanInvalid,*' -PassThru
        $e.Exception.Message | Should -Match "$Says.*Nothing was moved"
    }

    It 'is refused when a VM comes in twice, or the object is no plan' {
        $plan = Get-ExamplePlan ([DateTimeOffset]::Now)
        { @($plan; $plan[0]) | Start-TrafficSensitiveMigration -WhatIf } | Should -Throw -ErrorId 'PlanInvalid,*'
        { 'vm1' | Start-TrafficSensitiveMigration -WhatIf } | Should -Throw -ErrorId 'PlanInvalid,*'
    }
}

Describe 'A plan that has grown old' {
    It 'is warned of by default, once' {
        Get-ExamplePlan ([DateTimeOffset]::Now.AddHours(-2)) |
            Start-TrafficSensitiveMigration -WhatIf -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -HaveCount 1
        $warned | Should -Match '120 minutes old'
        Get-ExamplePlan ([DateTimeOffset]::Now) | Start-TrafficSensitiveMigration -WhatIf -WarningVariable none
        $none | Should -HaveCount 0
    }

    It 'is refused beyond -MaxRateAge, and where the age is not known' {
        $old = Get-ExamplePlan ([DateTimeOffset]::Now.AddMinutes(-3))
        $e = { $old | Start-TrafficSensitiveMigration -WhatIf -MaxRateAge 00:02:00 } | Should -Throw -ErrorId 'RatesTooOld,*' -PassThru
        $e.Exception.Message | Should -Match '18\d(\.\d)? s old.*120 s.*Nothing was moved'
        { $old | Start-TrafficSensitiveMigration -WhatIf -MaxRateAge 00:05:00 } | Should -Not -Throw
        $ageless = Import-Csv (Join-Path $PSScriptRoot '../../examples/published-example.csv') | Get-MigrationPlan -Destination kvm2 -NoProbe
        { $ageless | Start-TrafficSensitiveMigration -WhatIf -MaxRateAge 00:05:00 } | Should -Throw -ErrorId 'RatesTooOld,*'
    }
}
