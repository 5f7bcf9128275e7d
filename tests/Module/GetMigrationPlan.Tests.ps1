BeforeAll {
    $example = Join-Path $PSScriptRoot '../../examples/published-example.csv'
    function New-Rate([string] $VMName, $Tx, $Rx, [hashtable] $More = @{}) {
        $rate = @{ HostName = 'kvm1'; VMName = $VMName; TxBitsPerSecond = $Tx; RxBitsPerSecond = $Rx }
        $More.Keys | ForEach-Object { $rate[$_] = $More[$_] }
        [pscustomobject]$rate
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

    It 'takes an empty cell of a CSV file for not known: <_>' -ForEach @(
        (Get-Command Get-MigrationPlan).Parameters.Values |
            Where-Object { $_.ParameterType.IsGenericType -and $_.Attributes.ValueFromPipelineByPropertyName -contains $true } | ForEach-Object Name
    ) {
        $cells = [ordered]@{ HostName = 'kvm1'; VMName = 'vm1'; TxBitsPerSecond = 1; RxBitsPerSecond = 2 }
        $cells[$_] = ''
        if ($_ -in 'TxBitsPerSecond', 'RxBitsPerSecond') {
            # Without these there is no rate, and 0 would be one.
            { [pscustomobject]$cells | Get-MigrationPlan -Destination kvm2 -NoProbe } | Should -Throw '*missing or not a number*'
            return
        }

        ([pscustomobject]$cells | Get-MigrationPlan -Destination kvm2 -NoProbe).Rate.$_ | Should -BeNullOrEmpty -Because 'that is not 0'
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
        @{ Case = 'a VM without a name'; ErrorId = 'NameMissing'; Rates = { [pscustomobject]@{ HostName = 'kvm1'; TxBitsPerSecond = 1; RxBitsPerSecond = 1 } } }
        @{ Case = 'one UUID under two names'; ErrorId = 'DuplicateVM'; Rates = { New-Rate a 1 2 @{ VMId = 'x' }; New-Rate b 1 2 @{ VMId = 'X' } } }
        @{ Case = 'a negative memory'; ErrorId = 'RateInvalid'; Rates = { New-Rate a 1 2 @{ MemoryBytes = -5 } } }
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

    It 'refuses <Case> among the destinations with <ErrorId>' -ForEach @(
        @{ Case = 'the same one twice'; Destination = 'kvm2', 'KVM2'; ErrorId = 'DuplicateDestination' }
        @{ Case = 'one of the sources'; Destination = 'kvm2', 'kvm1'; ErrorId = 'DestinationIsSource' }
    ) {
        $e = Get-PlanError { Import-Csv $example | Get-MigrationPlan -Destination $Destination -NoProbe }
        $e.FullyQualifiedErrorId | Should -BeLike "$ErrorId,*"
    }

    It 'says why in a list view and by Explain()' {
        $plan = Import-Csv $example | Get-MigrationPlan -Destination kvm2 -NoProbe
        $list = $plan | Format-List | Out-String -Width 200
        $list | Should -Match "Avoids +: keeps 200 Mbps sent off kvm1's outgoing link"
        $list | Should -Match 'Alternative +: PreCopy would make the contention 500 Mbps instead of 400 Mbps, at kvm1'
        $list | Should -Match "Bottleneck +: kvm2's incoming link, 400 Mbps"
        $plan.Explain() | Should -HaveCount 2
        $plan[1].Explain() | Should -Match 'VM2: kvm1 -> kvm2, PreCopy.*keeps 500 Mbps received'
        $plan[0].Plan.Explain() | Should -Match '(?s)^TrafficSensitive.*VM1:.*VM2:'
    }
}

Describe 'Get-MigrationPlan across hosts' {
    BeforeAll {
        $hosts = 'kvm7', 'kvm8', 'kvm9' | ForEach-Object {
            [pscustomobject]@{ HostName = $_; LinkBitsPerSecond = 1e9; BackgroundRxBitsPerSecond = 0; FreeMemoryBytes = 64GB; CpuCount = 8 }
        }
        $rates = 1..8 | ForEach-Object {
            New-Rate "vm$_" (50e6 * $_) (30e6 * (9 - $_)) @{ HostName = "kvm$(1 + $_ % 2)"; MemoryBytes = 4GB; LinkBitsPerSecond = 1e9; VCpuCount = 2 }
        }
    }

    It 'empties two hosts into three, and proves the contention' {
        $plan = $rates | Get-MigrationPlan -Destination $hosts
        $plan.Count | Should -Be 8
        $plan[0].Plan.IsOptimal | Should -BeTrue
        $plan[0].Plan.Gap | Should -Be 0
        $plan.Destination | Sort-Object -Unique | Should -Be kvm7, kvm8, kvm9
        $plan[0].Plan.Links.HostName | Should -Be kvm1, kvm2, kvm7, kvm8, kvm9
        $preCopy = $rates | Get-MigrationPlan -Destination $hosts -Strategy PreCopy
        $plan[0].Plan.ContentionBitsPerSecond | Should -BeLessThan $preCopy[0].Plan.ContentionBitsPerSecond
        $preCopy[0].Plan.Gap | Should -BeGreaterThan 0
    }

    It 'leaves a destination alone whose own traffic would be in the way' {
        $busy = [pscustomobject]@{ HostName = 'busy'; LinkBitsPerSecond = 1e9; BackgroundRxBitsPerSecond = 9e8 }
        $rates | Get-MigrationPlan -Destination @($busy; $hosts) | Select-Object -ExpandProperty Destination | Should -Not -Contain busy
    }

    It 'obeys room: memory, vCPUs' {
        $small = [pscustomobject]@{ HostName = 'small'; FreeMemoryBytes = 8GB; CpuCount = 8 }
        $few = [pscustomobject]@{ HostName = 'few'; FreeMemoryBytes = 64GB; CpuCount = 4; VCpuCount = 2 }
        $plan = $rates | Get-MigrationPlan -Destination $small, $few, $hosts[0] -MaxVCpuPerCpu 2
        @($plan | Where-Object Destination -EQ small).Count | Should -BeLessOrEqual 2
        @($plan | Where-Object Destination -EQ few).Count | Should -BeLessOrEqual 3
        # 4 processors, 2 vCPUs for each, 2 taken: the 16 vCPUs of all VMs do not fit.
        $e = Get-PlanError { $rates | Get-MigrationPlan -Destination $few -MaxVCpuPerCpu 2 }
        $e.FullyQualifiedErrorId | Should -BeLike 'NoDestinationWithRoom,*'
        $e.Exception.Message | Should -Match '16 vCPUs; free are 64.0 GiB and 6,'
        $roomy = [pscustomobject]@{ HostName = 'roomy'; FreeVCpuCount = '16' }
        ($rates | Get-MigrationPlan -Destination $roomy).Count | Should -Be 8
    }

    It 'obeys pins, groups, exclusions and a limit on post-copies' {
        $plan = $rates | Get-MigrationPlan -Destination $hosts -PinDestination @{ vm5 = 'kvm8' } -PinTechnique @{ 'vm[67]' = 'PreCopy' } `
            -Separate ('vm1', 'vm2'), ('vm3', 'vm6') -Together vm3, vm4 -Exclude vm8 -MaxPostCopy 2
        $at = @{}
        $plan | ForEach-Object { $at[$_.VMName] = $_ }
        $plan.VMName | Should -Not -Contain vm8
        $at.vm5.Destination | Should -Be kvm8
        $at.vm6.Technique, $at.vm7.Technique | Should -Be PreCopy, PreCopy
        $at.vm1.Destination | Should -Not -Be $at.vm2.Destination
        $at.vm3.Destination | Should -Not -Be $at.vm6.Destination
        $at.vm3.Destination | Should -Be $at.vm4.Destination
        @($plan | Where-Object Technique -EQ PostCopy).Count | Should -BeLessOrEqual 2
    }

    It 'counts the traffic of a VM that stays as background' {
        $all = Import-Csv $example
        $plan = $all | Get-MigrationPlan -Destination kvm2 -NoProbe -Exclude VM1
        $plan.VMName | Should -Be VM2
        $plan.Plan.Links[0].BackgroundBitsPerSecond | Should -Be 200000000
    }

    It 'takes fewer post-copies where the contention may be a little more' {
        $two = (New-Rate a 100 60), (New-Rate b 50 40), (New-Rate c 60 200)
        @($two | Get-MigrationPlan -Destination kvm2 -NoProbe | Where-Object Technique -EQ PostCopy).Count | Should -Be 2
        @($two | Get-MigrationPlan -Destination kvm2 -NoProbe -ContentionTolerance 20 | Where-Object Technique -EQ PostCopy).VMName | Should -Be a
    }

    It 'names the smallest set of wishes in conflict: <Case>' -ForEach @(
        @{ Case = 'a group apart and together'; Wishes = @{ Separate = 'vm1', 'vm2'; Together = 'vm1', 'vm2', 'vm3'; MaxPostCopy = 2 }; Named = "'vm1', 'vm2' apart; 'vm1', 'vm2', 'vm3' together"; Free = 'at most' }
        @{ Case = 'pins and a limit'; Wishes = @{ PinTechnique = @{ vm1 = 'PostCopy'; vm2 = 'PostCopy' }; MaxPostCopy = 1; Separate = 'vm3', 'vm4' }; Named = "'vm1' by PostCopy; 'vm2' by PostCopy; at most 1 by PostCopy"; Free = 'apart' }
        @{ Case = 'more apart than hosts'; Wishes = @{ Separate = 'vm1', 'vm2', 'vm3', 'vm4'; Together = 'vm5', 'vm6' }; Named = "This wish cannot be met.*'vm1', 'vm2', 'vm3', 'vm4' apart"; Free = 'together' }
    ) {
        $e = Get-PlanError { $rates | Get-MigrationPlan -Destination $hosts @Wishes }
        $e.FullyQualifiedErrorId | Should -BeLike 'WishesInConflict,*'
        $e.Exception.Message | Should -Match $Named
        $e.Exception.Message | Should -Not -Match $Free
    }

    It 'refuses <Case> with <ErrorId>' -ForEach @(
        @{ Case = 'a wish about a VM that did not come in'; Wishes = @{ Exclude = 'vm99' }; ErrorId = 'WishUnknownVM' }
        @{ Case = 'a pin to a host that is no destination'; Wishes = @{ PinDestination = @{ vm1 = 'kvm99' } }; ErrorId = 'DestinationUnknown' }
        @{ Case = 'a technique that does not exist'; Wishes = @{ PinTechnique = @{ vm1 = 'Teleport' } }; ErrorId = 'WishInvalid' }
        @{ Case = 'two pins that contradict each other'; Wishes = @{ PinTechnique = @{ 'vm1' = 'PreCopy'; 'vm*' = 'PostCopy' } }; ErrorId = 'WishInvalid' }
        @{ Case = 'a deadline in ticks'; Wishes = @{ Deadline = 600 }; ErrorId = 'WishInvalid' }
        @{ Case = 'a deadline that cannot be kept'; Wishes = @{ Deadline = '00:00:10' }; ErrorId = 'DeadlineTooClose' }
        @{ Case = 'all VMs excluded'; Wishes = @{ Exclude = '*' }; ErrorId = 'NoVMToPlan' }
    ) {
        $e = Get-PlanError { $rates | Get-MigrationPlan -Destination $hosts @Wishes }
        $e.FullyQualifiedErrorId | Should -BeLike "$ErrorId,*"
        $e.Exception.Message | Should -Match 'Nothing was planned'
    }

    It 'says which VM fits nowhere, and when all together do not fit' {
        $e = Get-PlanError { @($rates; New-Rate giant 1 1 @{ MemoryBytes = 100GB }) | Get-MigrationPlan -Destination $hosts }
        $e.FullyQualifiedErrorId | Should -BeLike 'NoDestinationForVM,*'
        $e.Exception.Message | Should -Match "'giant'.*100.0 GiB.*64.0 GiB"
        $tight = 'a', 'b' | ForEach-Object { [pscustomobject]@{ HostName = $_; FreeMemoryBytes = 15GB } }
        $e = Get-PlanError { $rates | Get-MigrationPlan -Destination $tight }
        $e.FullyQualifiedErrorId | Should -BeLike 'NoDestinationWithRoom,*'
        $e.Exception.Message | Should -Match '32.0 GiB.*30.0 GiB'
    }

    It 'plans for the least time, an order, and a deadline' {
        $byContention = $rates | Get-MigrationPlan -Destination $hosts
        $byTime = $rates | Get-MigrationPlan -Destination $hosts -Objective Time
        $byTime[0].Plan.PredictedDuration | Should -BeLessOrEqual $byContention[0].Plan.PredictedDuration
        $ordered = $rates | Get-MigrationPlan -Destination $hosts -ThrottleLimit 2
        $ordered.Order | Sort-Object | Should -Be (1..8)
        $deadline = $rates | Get-MigrationPlan -Destination $hosts -Deadline 00:10:00
        $deadline[0].Plan.PredictedDuration.TotalMinutes | Should -BeGreaterThan 8
        $deadline[0].Plan.PredictedDuration.TotalMinutes | Should -BeLessOrEqual 10
        $deadline | ForEach-Object { $_.BandwidthLimitBitsPerSecond % 8MB | Should -Be 0 }
    }

    It 'warns of a pre-copy that never ends' {
        $plan = New-Rate busy 1 1 @{ MemoryBytes = 4GB; DirtyBytesPerSecond = 1GB; LinkBitsPerSecond = 1e9; PostCopyCapable = $false } |
            Get-MigrationPlan -Destination $hosts[0] -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -Match "pre-copy of VM 'busy' never ends"
        $plan.Converges | Should -BeFalse
    }
}
