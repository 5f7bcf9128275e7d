# What VMs are called and what hosts say is shown on a terminal, and never obeyed by it.

BeforeAll {
    $escape = "$([char]0x1b)]0;owned$([char]7)$([char]0x9b)2J$([char]0x202e)"
    $rate = [pscustomobject]@{ HostName = 'kvm1'; VMName = "vm$escape"; TxBitsPerSecond = 1e8; RxBitsPerSecond = 2e8 }
    $plan = $rate | Get-MigrationPlan -Destination kvm2 -NoProbe

    function Get-Shown($Value) {
        # Plain, so that what is left is not PowerShell's own colour.
        $PSStyle.OutputRendering = 'PlainText'
        ($Value | Out-String -Width 200) -replace '[\r\n]'
    }
}

Describe 'a hostile name on the terminal' {
    It 'is shown without control characters in a table and a list' {
        foreach ($shown in (Get-Shown $plan), (Get-Shown ($plan | Format-List)), (Get-Shown ($plan | Format-Table -View VMMigrationPlan))) {
            $shown | Should -Match 'vm\uFFFD'
            $shown | Should -Not -Match '[\p{Cc}\u202e]'
        }
    }

    It 'is shown without control characters in an error and under -WhatIf' {
        { $rate | Get-MigrationPlan -Destination kvm2 -NoProbe -Exclude "x$escape" -ErrorAction Stop } | Should -Throw -ExpectedMessage '*x\uFFFD*'.Replace('\uFFFD', [string][char]0xFFFD)
        # What -WhatIf says goes to the host, where only a transcript listens.
        $null = Start-Transcript -Path "$TestDrive/said.txt"
        try {
            $plan | Start-TrafficSensitiveMigration -WhatIf -SkipPreflight
        }
        finally {
            $null = Stop-Transcript
        }

        $shown = Get-Content "$TestDrive/said.txt" | Where-Object { $_ -match 'What if' } | Out-String
        $shown | Should -Match "What if.*'vm\uFFFD"
        $shown -replace '[\r\n]' | Should -Not -Match '[\x07\x9b\u202e]|\x1b\]'
    }

    It 'stays as it is in the property' {
        $plan.VMName | Should -BeExactly "vm$escape"
    }
}
