BeforeAll {
    $ids = '6f1c1b1e-2f0a-4d5e-9a51-0c6a3a1d0001', '6f1c1b1e-2f0a-4d5e-9a51-0c6a3a1d0002'
    $plan = 1..2 | ForEach-Object {
        [pscustomobject]@{ HostName = 'kvm1'; VMName = "vm$_"; VMId = $ids[$_ - 1]; TxBitsPerSecond = (200e6, 300e6)[$_ - 1]; RxBitsPerSecond = (400e6, 500e6)[$_ - 1] }
    } | Get-MigrationPlan -Destination kvm2 -NoProbe
    $file = "$TestDrive/plan"

    function New-Row([string] $VMName, [string] $Technique = 'PreCopy', [string] $VMId) {
        [pscustomobject]@{ VMName = $VMName; VMId = $VMId; Source = 'kvm1'; Destination = 'kvm2'; Technique = $Technique }
    }
}

Describe 'Export-MigrationPlan' {
    BeforeEach {
        Remove-Item $file -Force -ErrorAction Ignore
    }

    It 'writes what KubeVirt runs into one file, and says nothing' {
        $plan | Export-MigrationPlan $file -Format KubeVirt -Namespace shop | Should -BeNullOrEmpty
        $text = Get-Content $file -Raw
        $text | Should -Match '(?s)kind: "MigrationPolicy".*allowPostCopy: true.*kind: "VirtualMachineInstanceMigration".*namespace: "shop"'
        $text | Should -Match '(?m)^  vmiName: "vm1"$'
        $text | Should -Match '(?m)^    kubernetes\.io/hostname: "kvm2"$'
        $text | Should -Match '# vm1: kvm1 -> kvm2 \(PostCopy\)\. PostCopy keeps 200 Mbps sent'
        [IO.File]::ReadAllBytes($file)[0] | Should -Be ([byte][char]'#') -Because 'a byte order mark is none of the file'
        (Get-ChildItem $TestDrive -Force -Filter '.plan*') | Should -BeNullOrEmpty
    }

    It 'writes a script that sh takes for OpenStack, and a playbook for oVirt' {
        $plan | Export-MigrationPlan $file -Format OpenStack
        sh -n $file
        $LASTEXITCODE | Should -Be 0
        Get-Content $file | Should -Contain "move 'vm1' '$($ids[0])' 'kvm1' 'kvm2' 'PostCopy' & running=`"`$running `$!`""
        $plan | Export-MigrationPlan $file -Format OVirt
        Get-Content $file | Should -Contain "        id: !unsafe `"$($ids[0])`""
    }

    It 'gives the same file for a plan from <Form>' -ForEach @(
        @{ Form = 'Clixml'; Through = { param($plan) $plan | Export-Clixml TestDrive:/plan.xml; Import-Clixml TestDrive:/plan.xml } }
        @{ Form = 'Json'; Through = { param($plan) $plan | ConvertTo-Json -WarningAction Ignore | ConvertFrom-Json } }
        @{ Form = 'Csv'; Through = { param($plan) $plan | ConvertTo-Csv | ConvertFrom-Csv } }
    ) {
        $plan | Export-MigrationPlan $file -Format OVirt
        $direct = Get-Content $file
        & $Through $plan | Export-MigrationPlan $file -Format OVirt
        # A row of CSV knows only the name of its whole plan.
        Get-Content $file | Should -Be @($direct | Where-Object { $Form -ne 'Csv' -or $_ -notlike '# Plan of *' })
    }

    It 'takes a plan written by hand, as a parameter, too' {
        $rows = 'VMName,Source,Destination,Technique', 'vm1,kvm1,kvm2,postcopy', 'vm2,kvm1,kvm2,PreCopy' | ConvertFrom-Csv
        $written = Export-MigrationPlan $file -InputObject $rows -Format OpenStack -PassThru
        $written | Should -BeOfType IO.FileInfo
        $written.FullName | Should -Be (Get-Item $file).FullName
        Get-Content $file | Should -Contain "move 'vm1' 'vm1' 'kvm1' 'kvm2' 'PostCopy' & running=`"`$running `$!`""
    }

    It 'writes nothing when a manager cannot have a name, and says which and why' {
        Set-Content $file old
        $e = { @(New-Row vm1; New-Row 'it''s "a" $(x); ü') | Export-MigrationPlan $file -Format KubeVirt } | Should -Throw -ErrorId 'ExportNameInvalid,*' -PassThru
        $e.Exception.Message | Should -Match 'RFC 1123.*No file was written.*kubectl get vmi'
        $e.CategoryInfo.Category | Should -Be InvalidArgument
        $e.TargetObject | Should -Be 'it''s "a" $(x); ü'
        { New-Row vm1 | Export-MigrationPlan $file -Format OVirt } | Should -Throw -ErrorId 'ExportNameInvalid,*' -ExpectedMessage '*VMId is missing*'
        { New-Row -- -rf | Export-MigrationPlan $file -Format OpenStack } | Should -Throw -ErrorId 'ExportNameInvalid,*'
        Get-Content $file | Should -Be old
    }

    It 'runs nothing of a hostile name' {
        $name = "it's `"a`" `$(touch $TestDrive/x) ``touch $TestDrive/x``; touch $TestDrive/x"
        New-Row $name | Export-MigrationPlan $file -Format OpenStack
        $said = sh $file 2>&1
        "$said" | Should -Match 'was not found; nothing was done'
        Test-Path "$TestDrive/x" | Should -BeFalse
    }

    It 'writes nothing under -WhatIf' {
        $plan | Export-MigrationPlan $file -Format KubeVirt -WhatIf
        Test-Path $file | Should -BeFalse
    }

    It 'replaces a file, but not under -NoClobber, and one that is read-only only under -Force' {
        Set-Content $file old
        $e = { $plan | Export-MigrationPlan $file -Format KubeVirt -NoClobber } | Should -Throw -ErrorId 'ExportExists,*' -PassThru
        $e.CategoryInfo.Category | Should -Be InvalidOperation
        Get-Content $file | Should -Be old
        Set-ItemProperty $file IsReadOnly $true
        { $plan | Export-MigrationPlan $file -Format KubeVirt } | Should -Throw -ErrorId 'ExportUnwritable,*'
        Get-Content $file | Should -Be old
        $plan | Export-MigrationPlan $file -Format KubeVirt -Force
        Get-Content $file -Raw | Should -Match 'MigrationPolicy'
    }

    It 'says what it cannot write to' {
        foreach ($path in "$TestDrive", "$TestDrive/no/such/plan.yaml", 'env:plan', 'nodrive:/plan') {
            { $plan | Export-MigrationPlan $path -Format KubeVirt } | Should -Throw -ErrorId 'ExportUnwritable,*' -ExpectedMessage '*No file was written*'
        }
    }

    It 'refuses what is no plan, none, one VM twice, and a namespace where there are none' {
        { 'vm1' | Export-MigrationPlan $file -Format KubeVirt } | Should -Throw -ErrorId 'PlanInvalid,*'
        { @() | Export-MigrationPlan $file -Format KubeVirt } | Should -Throw -ErrorId 'NothingToExport,*'
        { @($plan; $plan[0]) | Export-MigrationPlan $file -Format OVirt } | Should -Throw -ErrorId 'ExportDuplicateVM,*'
        { $plan | Export-MigrationPlan $file -Format OVirt -Namespace shop } | Should -Throw -ErrorId 'ExportParameterInvalid,*'
        { $plan | Export-MigrationPlan $file -Format VMware } | Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,*'
        Test-Path $file | Should -BeFalse
    }

    It 'keeps the limits of a plan as waves' {
        $rates = 1..3 | ForEach-Object { [pscustomobject]@{ HostName = 'kvm1'; VMName = "vm$_"; VMId = $ids[0] -replace '1$', $_; TxBitsPerSecond = 1e8; RxBitsPerSecond = 2e8 } }
        $rates | Get-MigrationPlan -Destination kvm2 -NoProbe -ThrottleLimit 2 | Export-MigrationPlan $file -Format OVirt
        @(Get-Content $file | Where-Object { $_ -match '^ +wave: ' }).Trim() | Should -Be 'wave: 1', 'wave: 1', 'wave: 2'
    }
}
