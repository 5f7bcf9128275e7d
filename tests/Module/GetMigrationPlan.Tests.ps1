BeforeAll {
    $example = Join-Path $PSScriptRoot '../../examples/published-example.csv'
    function New-Rate([string] $VMName, $Tx, $Rx, [hashtable] $More = @{}) {
        [pscustomobject](@{ HostName = 'kvm1'; VMName = $VMName; TxBitsPerSecond = $Tx; RxBitsPerSecond = $Rx } + $More)
    }

    function Get-PlanError([scriptblock] $Call) {
        try {
            $null = & $Call
        }
        catch {
            return $_
        }
    }
}

Describe 'Get-MigrationPlan' {
    It 'solves the published example from a CSV file without any host' {
        $plan = Import-Csv $example | Get-MigrationPlan -Destination kvm2 -NoProbe

        $plan.Count | Should -Be 2
        $plan[0].Plan.ContentionBitsPerSecond | Should -Be 400000000
        $plan[0].Plan.IsOptimal | Should -BeTrue
        ($plan | Where-Object VMName -EQ VM1).Technique | Should -Be PostCopy
        ($plan | Where-Object VMName -EQ VM2).Technique | Should -Be PreCopy
        $plan.SourceContentionBitsPerSecond | Should -Be 300000000, 300000000
        $plan.DestinationContentionBitsPerSecond | Should -Be 400000000, 400000000
    }

    It 'gives the published contention for strategy <Strategy>' -ForEach @(
        @{ Strategy = 'PreCopy'; Contention = 500000000 }
        @{ Strategy = 'PostCopy'; Contention = 900000000 }
        @{ Strategy = 'TrafficSensitive'; Contention = 400000000 }
    ) {
        $plan = Import-Csv $example | Get-MigrationPlan -Destination kvm2 -NoProbe -Strategy $Strategy
        $plan[0].Plan.ContentionBitsPerSecond | Should -Be $Contention
    }

    It 'takes the destination as an object with its own traffic' {
        $destination = [pscustomobject]@{ HostName = 'kvm2'; BackgroundRxBitsPerSecond = '300000000' }
        $plan = Import-Csv $example | Get-MigrationPlan -Destination $destination
        # With 300 Mbps arriving there already, all-pre-copy (500) beats VM1's post-copy (700).
        $plan.Technique | Should -Be PreCopy, PreCopy
        $plan[0].Plan.ContentionBitsPerSecond | Should -Be 500000000
    }

    It 'takes rates from JSON, with background, and never post-copies a VM that cannot be' {
        $json = '[{"HostName":"kvm1","VMName":"a","TxBitsPerSecond":900000000,"RxBitsPerSecond":0,"PostCopyCapable":false,"HostBackgroundTxBitsPerSecond":1000000}]'
        $plan = $json | ConvertFrom-Json | Get-MigrationPlan -Destination kvm2 -NoProbe
        $plan.Technique | Should -Be PreCopy
        $plan.SourceContentionBitsPerSecond | Should -Be 901000000
    }

    It 'reads PostCopyCapable from CSV text' {
        $plan = "HostName,VMName,TxBitsPerSecond,RxBitsPerSecond,PostCopyCapable,MemoryBytes`nkvm1,a,9,0,False,`nkvm1,b,9,0,,`n" |
            ConvertFrom-Csv | Get-MigrationPlan -Destination kvm2 -NoProbe
        $plan.Technique | Should -Be PreCopy, PostCopy
    }

    It 'plans the same whatever the order of the input' {
        $rates = 1..9 | ForEach-Object { New-Rate "vm$_" (Get-Random -Maximum 1000) (Get-Random -Maximum 1000) }
        $forward = $rates | Get-MigrationPlan -Destination kvm2 -NoProbe
        [array]::Reverse($rates)
        $backward = $rates | Get-MigrationPlan -Destination kvm2 -NoProbe
        $backward.Technique | Should -Be $forward.Technique
        $backward.VMName | Should -Be $forward.VMName
    }

    It 'keeps names that a shell would trip over' {
        $name = "a b;`$(reboot) 'ü'"
        (New-Rate $name 1 2 | Get-MigrationPlan -Destination kvm2 -NoProbe).VMName | Should -Be $name
    }

    It 'gives plans that can be looked at: a table under 100 columns, and a reason' {
        $plan = Import-Csv $example | Get-MigrationPlan -Destination kvm2 -NoProbe
        $lines = ($plan | Out-String -Width 120) -split "`n" | ForEach-Object TrimEnd
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessThan 100
        ($lines -join "`n") | Should -Match 'Source Mbps'
        $plan[0].Reason | Should -Match '500 Mbps instead of 400 Mbps'
    }

    It 'refuses <Case> with <ErrorId> and plans nothing' -ForEach @(
        @{ Case = 'an empty pipeline'; ErrorId = 'NoVMToPlan'; Rates = { @() } }
        @{ Case = 'a negative rate'; ErrorId = 'RateInvalid'; Rates = { New-Rate a -1 2 } }
        @{ Case = 'a rate that is not a number'; ErrorId = 'RateInvalid'; Rates = { New-Rate a ([double]::NaN) 2 } }
        @{ Case = 'a missing rate'; ErrorId = 'RateInvalid'; Rates = { New-Rate a $null 2 } }
        @{ Case = 'an absurd rate'; ErrorId = 'RateInvalid'; Rates = { New-Rate a 1e30 2 } }
        @{ Case = 'a VM that came in twice'; ErrorId = 'DuplicateVM'; Rates = { New-Rate a 1 2; New-Rate a 1 2 } }
        @{ Case = 'two sources'; ErrorId = 'OnePairOnly'; Rates = { New-Rate a 1 2; New-Rate b 1 2 | ForEach-Object { $_.HostName = 'kvm9'; $_ } } }
        @{ Case = 'a VM without a name'; ErrorId = 'NameMissing'; Rates = { [pscustomobject]@{ HostName = 'kvm1'; TxBitsPerSecond = 1; RxBitsPerSecond = 1 } } }
        @{ Case = 'a destination that is the source'; ErrorId = 'DestinationIsSource'; Rates = { New-Rate a 1 2 | ForEach-Object { $_.HostName = 'KVM2'; $_ } } }
    ) {
        $e = Get-PlanError { & $Rates | Get-MigrationPlan -Destination kvm2 -NoProbe }
        $e.FullyQualifiedErrorId | Should -BeLike "$ErrorId,*"
        $e.Exception.Message | Should -Match 'Nothing was planned'
        $e.CategoryInfo.Category | Should -Be InvalidArgument
    }

    It 'refuses a destination without room, and says how much is missing' {
        $destination = [pscustomobject]@{ HostName = 'kvm2'; FreeMemoryBytes = 1GB }
        $e = Get-PlanError { New-Rate a 1 2 @{ MemoryBytes = 3GB } | Get-MigrationPlan -Destination $destination }
        $e.FullyQualifiedErrorId | Should -BeLike 'DestinationWithoutRoom,*'
        $e.CategoryInfo.Category | Should -Be ResourceUnavailable
        $e.Exception.Message | Should -Match "'kvm2'.*3.0 GiB.*1.0 GiB"
    }

    It 'refuses a destination object whose figure is <Value>' -ForEach @(@{ Value = 'many' }, @{ Value = '-5' }, @{ Value = 'NaN' }) {
        $destination = [pscustomobject]@{ HostName = 'kvm2'; BackgroundRxBitsPerSecond = $Value }
        $e = Get-PlanError { Import-Csv $example | Get-MigrationPlan -Destination $destination }
        $e.FullyQualifiedErrorId | Should -BeLike 'HostFigureInvalid,*'
    }
}
