# The evaluation's arithmetic: from lines of runs to rows of a table (lab/evaluation/Summary.psm1).
BeforeAll {
    Import-Module "$PSScriptRoot/../../lab/evaluation/Summary.psm1"

    # Two VMs from two sources, each over a link of 100 Mbit/s; as a line read back from JSON.
    function New-Run([string] $Strategy, [double] $Seconds, [long] $Bytes, [double] $During = 50e6, [bool] $Void = $false, $Predicted = $null) {
        [pscustomobject]@{
            Strategy = $Strategy; LinkBitsPerSecond = 100000000; Seconds = $Seconds; During = $During; Void = $Void; PredictedSeconds = $Predicted
            VMs = @(if ($Strategy -ne 'None') {
                    foreach ($n in 1, 2) {
                        [pscustomobject]@{ VMName = "vm$n"; Source = "kvm-$n"; Technique = 'PreCopy'; Seconds = $Seconds / $n; DowntimeSeconds = $n / 10; Bytes = $Bytes * $n; Completed = $true }
                    }
                })
        }
    }

    function Get-Row($Runs, [string] $Strategy) { Get-EvaluationSummary $Runs | Where-Object Strategy -EQ $Strategy }
}

Describe 'The summary of an evaluation' {
    BeforeAll {
        $script:runs = @(
            New-Run None 20 0 90e6
            New-Run None 20 0 94e6
            New-Run None 20 0 92e6
            New-Run PreCopy 30 120e6 40e6 -Predicted 27
            New-Run PreCopy 50 130e6 60e6 -Predicted 45
            New-Run PreCopy 40 110e6 50e6 -Predicted 36
            New-Run PreCopy 900 10e6 1e6 -Void $true -Predicted 36
            New-Run TrafficSensitive 20 100e6 91e6 -Predicted 20
            New-Run TrafficSensitive 22 100e6 90e6 -Predicted 22
        )
    }

    It 'gives medians and the range of the valid runs, and counts the void ones' {
        $row = Get-Row $runs PreCopy
        $row.Seconds, $row.SecondsLeast, $row.SecondsMost | Should -Be 40, 30, 50
        $row.Runs, $row.Void | Should -Be 3, 1
        $row.AverageSeconds | Should -Be 30
        $row.Bytes | Should -Be 360e6
        $row.Throughput, $row.ThroughputLeast, $row.ThroughputMost | Should -Be 50e6, 40e6, 60e6
        $row.PredictedRatio | Should -BeExactly 0.9
        (Get-Row $runs TrafficSensitive).Seconds | Should -Be 21 -Because 'an even number of runs has its median between the middle two'
    }

    It 'has the longest downtime of a run, not the mean' {
        (Get-Row $runs PreCopy).DowntimeSeconds | Should -Be 0.2
    }

    It 'counts as lost what applications reached less than undisturbed, over the time that VMs moved' {
        (Get-Row $runs PreCopy).Lost | Should -Be (50 * (92e6 - 60e6)) -Because 'the lost of each run is what has a median'
    }

    It 'takes as limit the least that each VM could be moved with, over the busiest source''s link' {
        # vm2's least is 200 MB, alone on its link of 94.148 Mbit/s of payload.
        (Get-Row $runs TrafficSensitive).OfLimit | Should -Be (21 / (200e6 * 8 / 94.148e6))
    }

    It 'adds up what leaves by one link' {
        $shared = @(New-Run PreCopy 40 100e6)
        $shared[0].VMs | ForEach-Object { $_.Source = 'kvm-1' }
        (Get-Row $shared PreCopy).OfLimit | Should -Be (40 / (300e6 * 8 / 94.148e6))
    }

    It 'does not take a void run''s bytes for the least' {
        (Get-Row $runs PreCopy).OfLimit | Should -Be (40 / (200e6 * 8 / 94.148e6))
    }

    It 'writes a table with one row a strategy, in the order of the published tables' {
        $table = @(Format-EvaluationSummary (Get-EvaluationSummary $runs) 'Mbps')
        $table.Count | Should -Be 5
        $table[2] | Should -Match '^\| no migration \| - \| - \| - \| - \| - \| - \| 92\.0 \| 90\.0 to 94\.0 \| - \| - \| 3 \|$'
        $table[3] | Should -Match '^\| all pre-copy, in parallel \| 40\.0 \| 30\.0 to 50\.0 \| 30\.0 \| \d\.\d\d \| 360 \| 0\.20 \| 50\.0 \| 40\.0 to 60\.0 \| 200 MB \| 0\.90 \| 3, 1 void \|$'
        $table[4] | Should -Match '^\| ours, as planned '
    }
}

Describe 'The tables of docs/evaluation.md' {
    It 'are what <_> makes of its runs' -ForEach @(Get-ChildItem "$PSScriptRoot/../../docs/evaluation/*.jsonl" | ForEach-Object Name) {
        $runs = @(Get-Content "$PSScriptRoot/../../docs/evaluation/$_" | ConvertFrom-Json)
        $suite = Import-PowerShellDataFile "$PSScriptRoot/../../lab/evaluation/suites/$($_ -replace '\..*$').psd1" # Redis.looked.jsonl is one of Redis
        $page = Get-Content "$PSScriptRoot/../../docs/evaluation.md"
        foreach ($line in Format-EvaluationSummary (Get-EvaluationSummary $runs $suite) ($suite.ContainsKey('Unit') ? $suite.Unit : 'Mbps') $suite) {
            $page | Should -Contain $line
        }
    }
}
