# What breaks for long, or for good.
BeforeAll {
    Import-Module "$PSScriptRoot/../Faults.psm1"
    $manifest = (Get-Module TrafficMigration).Path
    Set-JournalFolder "$TestDrive/journals"
    Start-Guest
}

AfterAll {
    try { Invoke-Lab guest-stop vm1 } catch { Write-Warning "$_" }
}

Describe 'Faults that last' {
    It 'sees a post-copy stand still while the link is away for long, and go on when it is back' {
        $from = Get-Place
        $run = Start-Run PostCopy
        Invoke-Lab fault cut (Get-OtherHost $from) 50 all
        $result = Complete-Run $run
        $result.Outcome | Should -Be Completed
        $result.TotalTime.TotalSeconds | Should -BeGreaterThan 45
        (Get-Last).Events.To | Should -Contain PostCopyPaused
        Assert-Whole (Get-OtherHost $from)
    }

    It 'lets the VM stay when the link is away for long in pre-copy, and finds that out when it is back' {
        $from = Get-Place
        $run = Start-Run PreCopy
        Invoke-Lab fault cut (Get-OtherHost $from) 50 all
        $result = Complete-Run $run
        $result.Outcome | Should -Be Failed
        $result.Error.ErrorId | Should -Be MigrationFailed
        Assert-Whole $from
    }

    It 'leaves open what it cannot see for longer than -ReconnectTimeout, and finds out later' {
        $from = Get-Place
        $run = Start-Run PreCopy -Options @{ ReconnectTimeout = '00:00:05' }
        # The control box alone is cut off; the hosts go on.
        Invoke-Lab fault cut $from 40 control
        $result = Complete-Run $run
        $result.Outcome | Should -Be Unclear
        $result.Error.ErrorId | Should -Be MigrationUnobserved
        (Get-Last).State | Should -Be Interrupted
        foreach ($try in 1..60) { ssh -o ConnectTimeout=2 $from true; if ($LASTEXITCODE -eq 0) { break }; Start-Sleep 1 }
        (Resume-TrafficSensitiveMigration -JournalPath (Get-JournalFolder)).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'begins nothing on a host where migrations of a killed run go on, and names that run' {
        $from = Get-Place
        $other = Get-Plan PreCopy
        Get-Plan PreCopy | Export-Clixml "$TestDrive/plan.xml" -Depth 5
        $before = (Get-Last).Id
        Set-Content "$TestDrive/run.ps1" "Import-Module '$manifest'; Import-Clixml '$TestDrive/plan.xml' | Start-TrafficSensitiveMigration -Confirm:`$false -SkipPreflight -JournalPath '$(Get-JournalFolder)' -BandwidthLimit 16777216"
        $process = Start-Shell "$TestDrive/run.ps1" "$TestDrive/out.txt"
        while ((Get-Last).Id -eq $before -and -not $process.HasExited) { Start-Sleep -Milliseconds 100 }
        Wait-State PreCopying
        $process.Kill($true)
        $process.WaitForExit()
        # The lease ends with the connection.
        Start-Sleep 3
        $result = $other | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -JournalPath "$TestDrive/second" -ErrorAction SilentlyContinue
        $result.Error.ErrorId | Should -Be HostHasMigrations
        $result.Error.Message | Should -Match (Get-Last).Id
        (Resume-TrafficSensitiveMigration -JournalPath (Get-JournalFolder)).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'says when half of the memory is gone: the <End>''s QEMU ended in post-copy' -ForEach @{ End = 'destination' }, @{ End = 'source' } {
        $from = Get-Place
        $to = Get-OtherHost $from
        $run = Start-Run PostCopy
        Invoke-Lab fault kill-qemu ($End -eq 'source' ? $from : $to) vm1
        $result = Complete-Run $run
        $result.Outcome | Should -Be Failed
        $result.Error.ErrorId | Should -Be VMMemoryLost
        $result.Error.Message | Should -Match "vm1.*$from.*$to"
        # What docs/reliability.md tells to do then: the source's libvirtd holds on to the migration whose QEMU is gone.
        if ($End -eq 'source') {
            Invoke-Lab fault restart-libvirtd $from
            foreach ($try in 1..50) { Start-Sleep -Milliseconds 200; ssh $from 'virsh -q list' 2>&1 | Out-Null; if ($LASTEXITCODE -eq 0) { break } }
        }

        foreach ($name in 'kvm-a', 'kvm-b') { ssh $name 'virsh -q destroy vm1; virsh -q undefine vm1' 2>&1 | Out-Null }
        Get-Place | Should -BeNullOrEmpty
        try { Invoke-Lab guest-stop vm1 } catch { Write-Verbose "$_" }
        Start-Guest
        Assert-Whole kvm-a
    }
}
