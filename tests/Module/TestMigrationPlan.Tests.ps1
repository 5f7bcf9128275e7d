Describe 'Test-MigrationPlan' {
    BeforeAll {
        function Get-ExamplePlan {
            [pscustomobject]@{ HostName = 'kvm1.invalid'; VMName = 'vm1'; TxBitsPerSecond = 2; RxBitsPerSecond = 1 } | Get-MigrationPlan -Destination kvm2.invalid -NoProbe
        }
    }

    It 'takes no plan and says nothing, without a host' {
        @() | Test-MigrationPlan | Should -BeNullOrEmpty
    }

    It 'refuses <Case>' -ForEach @(
        @{ Case = 'an object that is no plan'; Given = { [pscustomobject]@{ Some = 'thing' } } }
        @{ Case = 'a plan from a host to itself'; Given = { $p = Get-ExamplePlan | Select-Object *; $p.Destination = 'KVM1.invalid'; $p } }
        @{ Case = 'a plan without a technique'; Given = { Get-ExamplePlan | Select-Object VMName, Source, Destination } }
        @{ Case = 'a VM that comes twice'; Given = { Get-ExamplePlan; Get-ExamplePlan } }
    ) {
        $problem = { & $Given | Test-MigrationPlan } | Should -Throw -PassThru
        $problem.FullyQualifiedErrorId | Should -Be 'PlanInvalid,TrafficMigration.Commands.TestMigrationPlanCommand'
        $problem.CategoryInfo.Category | Should -Be InvalidArgument
    }

    It 'makes a finding, and no PowerShell error, of each host that it cannot reach' {
        $found = Get-ExamplePlan | Test-MigrationPlan -ErrorVariable problem
        $problem | Should -BeNullOrEmpty
        $found.Check | Should -Be HostNotFound, HostNotFound
        $found.HostName | Should -Be kvm1.invalid, kvm2.invalid
        $found.Severity | Should -Be Error, Error
        $found.Remedy | Should -Not -BeNullOrEmpty
    }

    It 'takes plans from a file' {
        $found = Get-ExamplePlan | ConvertTo-Json -WarningAction Ignore | ConvertFrom-Json | Test-MigrationPlan
        $found.Check | Should -Be HostNotFound, HostNotFound
    }

    It 'shows findings in less than a hundred columns, whole' {
        $shown = Get-ExamplePlan | Test-MigrationPlan | Format-Table | Out-String -Width 100
        ($shown -split '\r?\n' | Measure-Object Length -Maximum).Maximum | Should -BeLessThan 100
        $shown -replace '\s', '' | Should -Match "thencheckagain\."
    }

    It 'takes a port that is one' {
        { Get-ExamplePlan | Test-MigrationPlan -Port 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'has a line in the documentation for every check' {
        $checks = [TrafficMigration.Preflight.PreflightFinding].Assembly.GetType('TrafficMigration.Preflight.Findings').GetMethods('Public, Static').Name
        $checks.Count | Should -BeGreaterThan 50
        $text = Get-Content "$PSScriptRoot/../../docs/preflight.md" -Raw
        # Hosts that fail keep the names of their errors.
        $checks | Where-Object { $_ -ne 'HostFailed' -and $text -notmatch "``$_``" } | Should -BeNullOrEmpty
    }
}
