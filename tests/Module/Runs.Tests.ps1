BeforeAll {
    $journals = "$TestDrive/journals"
    # No such host: the run begins, and each VM gets its error.
    $plan = 'HostName,VMName,TxBitsPerSecond,RxBitsPerSecond', 'no-host.invalid,vm1,1,2', 'no-host.invalid,vm2,2,1' | ConvertFrom-Csv | Get-MigrationPlan -Destination other.invalid -NoProbe
}

Describe 'Runs and their journals' {
    It 'has none at first, and says what is missing where one is asked for' {
        Get-TrafficSensitiveMigration -JournalPath $journals | Should -BeNullOrEmpty
        { Get-TrafficSensitiveMigration nothing -JournalPath $journals -ErrorAction Stop } | Should -Throw -ErrorId 'RunNotFound,*'
        { Resume-TrafficSensitiveMigration -JournalPath $journals } | Should -Throw -ErrorId 'NothingToResume,*'
        { Resume-TrafficSensitiveMigration -Id nothing -JournalPath $journals } | Should -Throw -ErrorId 'RunNotFound,*'
        { Stop-TrafficSensitiveMigration -Id nothing -JournalPath $journals } | Should -Throw -ErrorId 'RunNotFound,*'
    }

    It 'keeps a run with its results and every transition' {
        $results = $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath $journals -ErrorAction SilentlyContinue
        $run = Get-TrafficSensitiveMigration -JournalPath $journals -Last
        $run.State | Should -Be Ended
        $run.Id | Should -Be $results[0].RunId
        $run.VirtualMachines.State | Should -Be Failed, Failed
        $run.VirtualMachines.Result.Error.ErrorId | Should -Be HostNotFound, HostNotFound
        @($run.Events | Where-Object To).Count | Should -Be 4
        { Resume-TrafficSensitiveMigration -Id $run.Id -JournalPath $journals } | Should -Throw -ErrorId 'RunHasEnded,*'
        { $run | Stop-TrafficSensitiveMigration -JournalPath $journals } | Should -Throw -ErrorId 'RunHasEnded,*'
        ($run | Format-Table | Out-String -Width 100) | Should -Match "$($run.Id) +Ended .* 2 +0 +0 "
    }

    It 'is brought to its end before an error stops the script, under -ErrorAction Stop' {
        $folder = "$TestDrive/stopped"
        { $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath $folder -ErrorAction Stop } | Should -Throw -ErrorId 'HostNotFound,*'
        (Get-TrafficSensitiveMigration -JournalPath $folder).State | Should -Be Ended
    }

    It 'brings nobody home from a run that moved nobody, nor from one that has not ended' {
        $run = Get-TrafficSensitiveMigration -JournalPath $journals -Last
        { $run | Get-MigrationPlan -ReturnHome } | Should -Throw -ErrorId 'NobodyToReturn,*'
        $lines = Get-Content (Get-ChildItem $journals/*.jsonl)[0]
        $null = New-Item "$TestDrive/open" -ItemType Directory
        $lines | Select-Object -SkipLast 1 | Set-Content "$TestDrive/open/$($run.Id).jsonl"
        { Get-TrafficSensitiveMigration -JournalPath "$TestDrive/open" | Get-MigrationPlan -ReturnHome } | Should -Throw -ErrorId 'RunNotEnded,*'
        { $run | Get-MigrationPlan -ReturnHome -Destination kvm1 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'leaves out a last line that was cut off, and reports a journal that is damaged before that' {
        $file = (Get-ChildItem $journals/*.jsonl)[0]
        $lines = Get-Content $file
        Set-Content "$TestDrive/journals/cut.jsonl" (($lines[0..2] -join "`n") + "`n" + $lines[3].Substring(0, 20)) -NoNewline
        $cut = Get-TrafficSensitiveMigration -JournalPath $journals -State Interrupted
        $cut.VirtualMachines.Count | Should -Be 2
        Set-Content "$TestDrive/journals/bad.jsonl" (@($lines[0], '{ nonsense') + $lines[1..2])
        Get-TrafficSensitiveMigration -JournalPath $journals -ErrorAction SilentlyContinue -ErrorVariable problem | Should -Not -BeNullOrEmpty
        $problem.FullyQualifiedErrorId | Should -BeLike 'JournalDamaged,*'
    }

    It 'begins nothing where no journal can be written' {
        Set-Content "$TestDrive/file" ''
        { $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath "$TestDrive/file/sub" } | Should -Throw -ErrorId 'JournalUnwritable,*'
    }

    It 'is a real job under -AsJob' {
        $job = $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath $journals -AsJob
        $job | Should -BeOfType System.Management.Automation.Job
        (Get-Job -Id $job.Id).Id | Should -Be $job.Id
        (Wait-Job $job -Timeout 30).State | Should -Be Completed
        $results = Receive-Job $job -ErrorAction SilentlyContinue -ErrorVariable problem -InformationAction SilentlyContinue
        $results.Outcome | Should -Be Failed, Failed
        $problem.Count | Should -Be 2
        Remove-Job $job
    }

    It 'gives events that a site can ship to its log' {
        $null = $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath $journals -ErrorAction SilentlyContinue -InformationVariable events
        $events.Tags | Should -Contain TrafficMigration
        $events.MessageData.Kind | Should -Contain Transition
        $events.MessageData.VMName | Should -Contain vm2
    }

    It 'refuses lengths of time that are none' {
        { $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath $journals -Timeout 0 } | Should -Throw -ErrorId 'RunParameterInvalid,*'
        { $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath $journals -MaxDowntime '-00:00:01' } | Should -Throw -ErrorId 'RunParameterInvalid,*'
        { $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath $journals -BandwidthLimit 5 } | Should -Throw
    }
}
