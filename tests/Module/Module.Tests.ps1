BeforeAll {
    $manifest = (Get-Module TrafficMigration).Path | Split-Path | Join-Path -ChildPath TrafficMigration.psd1
}

Describe 'The module' {
    It 'has a valid manifest' {
        (Test-ModuleManifest $manifest).Name | Should -Be TrafficMigration
    }

    It 'exports its cmdlets and nothing else' {
        (Get-Command -Module TrafficMigration).Name | Sort-Object |
            Should -Be 'Compare-MigrationPlan', 'Export-MigrationPlan', 'Export-MigrationReport', 'Get-HostTraffic', 'Get-KvmHostSession', 'Get-MigrationPlan', 'Get-TrafficSensitiveMigration', 'Get-VMTrafficRate', 'New-KvmHostSession', 'Remove-KvmHostSession', 'Resume-TrafficSensitiveMigration', 'Start-TrafficSensitiveMigration', 'Stop-TrafficSensitiveMigration', 'Test-MigrationPlan'
    }

    It 'loads nothing of SSH before the first connection, and then into a context of its own' {
        $script = @"
            Import-Module '$manifest'
            Import-Csv '$PSScriptRoot/../../examples/published-example.csv' | Get-MigrationPlan -Destination kvm2 -NoProbe | Out-Null
            `$loaded = { [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { `$_.GetName().Name -eq 'Renci.SshNet' } }
            (& `$loaded | Measure-Object).Count
            Get-VMTrafficRate -HostName kvm.invalid -ErrorAction SilentlyContinue
            [Runtime.Loader.AssemblyLoadContext]::GetLoadContext((& `$loaded)).Name
"@
        $said = & (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -Command $script
        $said | Should -Be '0', 'TrafficMigration.Ssh'
    }
}

Describe 'Get-VMTrafficRate without a host' {
    It 'names an unknown host, by an error that does not end the pipeline' {
        $rates = Get-VMTrafficRate -HostName kvm.invalid -ErrorAction SilentlyContinue -ErrorVariable problem
        $rates | Should -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -Be 'HostNotFound,TrafficMigration.Commands.GetVMTrafficRateCommand'
        $problem.CategoryInfo.Category | Should -Be ObjectNotFound
        $problem.Exception.Message | Should -Match "'kvm.invalid'"
    }

    It 'names a refused port' {
        Get-VMTrafficRate -HostName 127.0.0.1 -Port 1 -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'HostUnreachable,*'
        $problem.CategoryInfo.Category | Should -Be ConnectionError
        $problem.Exception.Message | Should -Match 'port 1'
    }

    It 'refuses a key file that is not there' {
        Get-VMTrafficRate -HostName 127.0.0.1 -KeyFilePath ./no-such-key -Port 1 -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'KeyFileUnusable,*'
        $problem.CategoryInfo.Category | Should -Be AuthenticationError
    }
}

Describe 'Start-TrafficSensitiveMigration without a host' {
    BeforeAll {
        $plan = Import-Csv "$PSScriptRoot/../../examples/published-example.csv" | Get-MigrationPlan -Destination kvm2.invalid -NoProbe
    }

    It 'connects nowhere under -WhatIf' {
        $plan | Start-TrafficSensitiveMigration -WhatIf -ErrorVariable problem | Should -BeNullOrEmpty
        $problem | Should -BeNullOrEmpty
    }

    It 'gives each VM a result and an error when its host is unknown' {
        $results = $plan | Start-TrafficSensitiveMigration -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problem
        $results.Count | Should -Be 2
        $results.Outcome | Should -Be Failed, Failed
        @($problem | Where-Object FullyQualifiedErrorId -Like 'HostNotFound,*').Count | Should -Be 2
    }

    It 'never prompts where nobody can answer, and moves nothing' {
        $e = { $plan | Start-TrafficSensitiveMigration } | Should -Throw -PassThru
        $e.Exception.Message | Should -Match 'NonInteractive'
    }
}

Describe 'The views' {
    BeforeAll {
        # As a person at a plain terminal of 100 columns would see it.
        function Show([string] $Type, [hashtable] $Properties) {
            $object = New-Object $Type
            foreach ($name in $Properties.Keys) { $object.GetType().GetProperty($name).SetValue($object, $Properties[$name]) }
            ($object | Out-String -Width 100).Split("`n").TrimEnd() | Where-Object { $_ }
        }
    }

    It 'shows a rate with its uplink, and that a full link makes it a lower bound' {
        $lines = Show TrafficMigration.Traffic.VMTrafficRate @{
            HostName = 'kvm1'; VMName = 'web'; TxBitsPerSecond = 950000000L; RxBitsPerSecond = 1500000L; Saturated = $true
            Uplink = 'bond0'; LinkBitsPerSecond = 1000000000L; PeakTxBitsPerSecond = 960000000L; MemoryBytes = 4GB; Window = [timespan]::FromSeconds(5)
        }
        $lines[0].Trim() | Should -Be 'Host: kvm1 (bond0, 1000 Mbps)'
        $lines[1] | Should -Match '^VM +Tx Mbps +Rx Mbps +Peak Tx +Peak Rx +Local +Memory GiB +Dirty MiB/s +Window s$'
        $lines[3] | Should -Match '^web +>950.0 +>1.5 +960.0 +\? +4.00 +5.0$'
    }

    It 'shows a host with the use of its uplink' {
        $lines = Show TrafficMigration.Traffic.HostTraffic @{
            HostName = 'kvm2'; Uplink = 'eno1'; BackgroundTxBitsPerSecond = 1000000L; BackgroundRxBitsPerSecond = 250000000L
            LinkBitsPerSecond = 1000000000L; TxUtilization = 0.001; RxUtilization = 0.26; FreeMemoryBytes = 8GB; CpuCount = 16
        }
        $lines[0] | Should -Match '^Host +Uplink +Tx Mbps +Rx Mbps +Link Mbps +Tx % +Rx % +Free GiB +CPUs$'
        $lines[2] | Should -Match '^kvm2 +eno1 +1.0 +250.0 +1000 +0 +26 +8.0 +16$'
    }

    It 'fits a comparison into 80 columns' {
        $compared = Import-Csv "$PSScriptRoot/../../examples/published-example.csv" | Compare-MigrationPlan -Destination kvm2 -NoProbe
        ($compared | Format-Table | Out-String -Width 80).Split("`n").TrimEnd() | Where-Object { $_ -match '^Strategy.*Down ms Apps %$' } | Should -Not -BeNullOrEmpty
    }

    It 'shows a rate as a list in words, and many by their names' {
        $rate = New-Object TrafficMigration.Traffic.VMTrafficRate
        foreach ($pair in @{ HostName = 'kvm1'; VMName = 'web'; TxBitsPerSecond = 950000000L; RxBitsPerSecond = 1500000L; Saturated = $true; MemoryBytes = 4GB; PostCopyCapable = $false; PostCopyBlocker = 'it has a passed-through device' }.GetEnumerator()) {
            $rate.GetType().GetProperty($pair.Key).SetValue($rate, $pair.Value)
        }

        $list = $rate | Format-List | Out-String -Width 100
        $list | Should -Match 'Sends +: at least 950.0 Mbps'
        $list | Should -Match 'Memory +: 4.00 GiB'
        $list | Should -Match 'Can be post-copied : no: it has a passed-through device'
        $rate | Format-Wide | Out-String -Width 100 | Should -Match 'web \(950.0 / 1.5\)'
    }

    It 'shows no colour where the output is no screen, and gives plain figures to files' {
        $result = (Get-TrafficSensitiveMigration -JournalPath "$PSScriptRoot/Recorded" | Select-Object -First 1).VirtualMachines.Result | Where-Object { $_ }
        $result | Should -Not -BeNullOrEmpty
        ($result | Out-String), ($result | Format-List | Out-String), ($result | Format-Wide | Out-String) -join '' | Should -Not -Match "`e"
        $culture = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = 'de-DE'
            $rate = [pscustomobject]@{ HostName = 'kvm1'; VMName = 'web'; TxBitsPerSecond = 2.5e6; RxBitsPerSecond = 1e6 } | Get-MigrationPlan -Destination kvm2 -NoProbe
            ($rate | ConvertTo-Csv)[1] | Should -Match '"1000000"'
            ($result | ConvertTo-Csv | ConvertFrom-Csv)[0].BytesTransferred | Should -Match '^\d+$'
        }
        finally {
            [cultureinfo]::CurrentCulture = $culture
        }
    }
}
