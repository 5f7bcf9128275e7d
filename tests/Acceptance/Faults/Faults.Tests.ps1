# What breaks while VMs move, made on real hosts: the quick ones. tests/Faults has the others.
BeforeAll {
    Import-Module "$PSScriptRoot/../../Faults.psm1"
    $manifest = (Get-Module TrafficMigration).Path
    Set-JournalFolder "$TestDrive/journals"
    Start-Guest
}

AfterAll {
    try { Invoke-Lab guest-stop vm1 } catch { Write-Warning "$_" }
}

Describe 'Faults while a VM moves' {
    It 'survives its own end: another shell finds out what is true and brings it to its end' {
        $from = Get-Place
        Set-Content "$TestDrive/run.ps1" "Import-Module '$manifest'; Import-Clixml '$TestDrive/plan.xml' | Start-TrafficSensitiveMigration -Confirm:`$false -SkipPreflight -JournalPath '$(Get-JournalFolder)'"
        Get-Plan PreCopy | Export-Clixml "$TestDrive/plan.xml" -Depth 5
        $before = (Get-Last).Id
        $process = Start-Shell "$TestDrive/run.ps1" "$TestDrive/out.txt"
        while ((Get-Last).Id -eq $before -and -not $process.HasExited) { Start-Sleep -Milliseconds 100 }
        Wait-State PreCopying
        $process.Kill($true)
        $process.WaitForExit()
        (Get-Last).State | Should -Be Interrupted
        $result = Resume-TrafficSensitiveMigration -JournalPath (Get-JournalFolder)
        $result.Outcome | Should -Be Completed
        $result.TotalTime.TotalSeconds | Should -BeGreaterThan 1
        (Get-Last).State | Should -Be Ended
        Assert-Whole (Get-OtherHost $from)
        { Resume-TrafficSensitiveMigration -JournalPath (Get-JournalFolder) } | Should -Throw -ErrorId 'NothingToResume,*'
    }

    It 'lets the VM stay when the memory stream breaks in pre-copy' {
        $from = Get-Place
        $run = Start-Run PreCopy -Options @{ BandwidthLimit = 32e6 } # so that it lasts until the fault comes, on a slow machine, too
        Invoke-Lab fault reset (Get-OtherHost $from)
        $result = Complete-Run $run
        $result.Outcome | Should -Be Failed
        $result.Error.ErrorId | Should -Be MigrationFailed
        Assert-Whole $from
    }

    It 'lets the VM stay when QEMU ends at the destination in pre-copy' {
        $from = Get-Place
        $run = Start-Run PreCopy -Options @{ BandwidthLimit = 32e6 }
        Invoke-Lab fault kill-qemu (Get-OtherHost $from) vm1
        (Complete-Run $run).Error.ErrorId | Should -Be MigrationFailed
        Assert-Whole $from
    }

    It 'refuses a second run on the same hosts, and says who has them' -Tag Slow {
        $from = Get-Place
        $other = Get-Plan PreCopy
        $run = Start-Run PreCopy
        $second = $other | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -JournalPath "$TestDrive/second" -ErrorAction SilentlyContinue
        $second.Error.ErrorId | Should -Be HostBusy
        $second.Error.Message | Should -Match "$((Get-Last).Id) root@control since"
        (Complete-Run $run).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }
}
