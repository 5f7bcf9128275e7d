# What breaks while VMs move, made on real hosts: those that take their time. Run by `build.ps1 -Task Chaos`.
BeforeAll {
    Import-Module "$PSScriptRoot/../Faults.psm1"
    $manifest = (Get-Module TrafficMigration).Path
    Set-JournalFolder "$TestDrive/journals"
    Start-Guest
}

AfterAll {
    try { Invoke-Lab guest-stop vm1 } catch { Write-Warning "$_" }
}

Describe 'Faults while a VM moves, the slow ones' {
    It 'takes its connections up again when they are cut: <Technique>' -ForEach @{ Technique = 'PreCopy' }, @{ Technique = 'PostCopy' } {
        $from = Get-Place
        $run = Start-Run $Technique
        Invoke-Lab fault drop-control kvm-a
        Invoke-Lab fault drop-control kvm-b
        $result = Complete-Run $run
        $result.Outcome | Should -Be Completed
        $result.TechniqueUsed | Should -Be $Technique
        (Get-Last).Events.Text -match 'connection to host .* was lost' | Should -Not -BeNullOrEmpty
        Assert-Whole (Get-OtherHost $from)
    }

    It 'waits through a cut of the link in post-copy: neither end is lost' {
        $from = Get-Place
        $run = Start-Run PostCopy
        Invoke-Lab fault cut (Get-OtherHost $from) 6 all
        (Complete-Run $run).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'finds out what is true when libvirtd is restarted: at the <End>, in <Technique>' -ForEach @(
        @{ End = 'source'; Technique = 'PreCopy' }, @{ End = 'destination'; Technique = 'PreCopy' }
        @{ End = 'source'; Technique = 'PostCopy' }, @{ End = 'destination'; Technique = 'PostCopy' }
    ) {
        $from = Get-Place
        $run = Start-Run $Technique
        Invoke-Lab fault restart-libvirtd ($End -eq 'source' ? $from : (Get-OtherHost $from))
        $result = Complete-Run $run
        # libvirt itself decides whether a pre-copy survives that; a post-copy must.
        $expected = if ($Technique -eq 'PostCopy' -or $result.Outcome -eq 'Completed') { Get-OtherHost $from } else { $from }
        $result.Outcome | Should -BeIn ($Technique -eq 'PostCopy' ? @('Completed') : @('Completed', 'Failed'))
        (Get-Last).State | Should -Be Ended
        Assert-Whole $expected
    }

    It 'lets the VM stay when the destination has no memory for it, and says so' {
        $from = Get-Place
        Invoke-Lab fault out-of-memory (Get-OtherHost $from) 6
        Start-Sleep 1
        $result = Get-Plan PreCopy | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -JournalPath (Get-JournalFolder) -ErrorAction SilentlyContinue
        $result.Error.ErrorId | Should -Be MigrationFailed
        Assert-Whole $from
        Start-Sleep 5
    }

    It 'begins nothing without a journal, and ends what runs when its disk is full' {
        (Complete-Run (Start-Run PreCopy)).Outcome | Should -Be Completed
        $disk = "$TestDrive/disk"
        $null = New-Item $disk -ItemType Directory
        mount -t tmpfs -o size=64k tmpfs $disk
        try {
            # A file system gives whole pages: so the journal is to fill its own to the last bytes by the time memory flows.
            $lines = foreach ($line in Get-Content (Get-ChildItem "$(Get-JournalFolder)/*.jsonl" | Where-Object { (Get-Content $_ -Raw) -match '"To":"PreCopying"' } | Select-Object -First 1)) {
                $line
                if ($line -match '"To":"PreCopying"') { break }
            }
            $from = Get-Place
            Set-JournalFolder "$disk/runs"
            $other = Get-Plan PreCopy
            $long = Get-Plan PreCopy | Select-Object *
            $long.Avoids = 'x' * (8192 - 80 - [Text.Encoding]::UTF8.GetByteCount($lines -join "`n"))
            # A suspended VM that no journal knows of would stand still for ever, should the run end now: so it is not suspended.
            $run = $long | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -AsJob -JournalPath (Get-JournalFolder) -Timeout 00:00:05 -TimeoutAction Suspend
            Wait-State PreCopying -StateOnly # the disk is to be full before the time is over
            dd if=/dev/zero of=$disk/fill bs=4k count=100 2>$null
            { $other | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -JournalPath "$disk/other" } | Should -Throw -ErrorId 'JournalUnwritable,*'
            $result = Complete-Run $run
            $result.Outcome | Should -Be Completed
            $result.Decisions | Should -BeNullOrEmpty
            (Get-Last).State | Should -Be Interrupted -Because 'its end could not be written down'
            Assert-Whole (Get-OtherHost $from)
        }
        finally {
            umount -l $disk
            Set-JournalFolder "$TestDrive/journals"
        }
    }

    It 'is stopped from another shell: a pre-copy is cancelled, a post-copy finished first' {
        $from = Get-Place
        $run = Start-Run PreCopy
        (Stop-TrafficSensitiveMigration -Id (Get-Last).Id -JournalPath (Get-JournalFolder)).State | Should -Be Ended
        $result = Complete-Run $run
        $result.Outcome | Should -Be Cancelled
        Assert-Whole $from
        $run = Start-Run PostCopy
        $null = Stop-TrafficSensitiveMigration -Id (Get-Last).Id -JournalPath (Get-JournalFolder)
        (Complete-Run $run).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'finishes a post-copy at the first Ctrl+C, and at the second leaves it so that it can be taken up' {
        $from = Get-Place
        Get-Plan PostCopy | Export-Clixml "$TestDrive/plan.xml" -Depth 5
        $before = (Get-Last).Id
        Set-Content "$TestDrive/run.ps1" "Import-Module '$manifest'; Import-Clixml '$TestDrive/plan.xml' | Start-TrafficSensitiveMigration -Confirm:`$false -SkipPreflight -JournalPath '$(Get-JournalFolder)' -BandwidthLimit 33554432"
        $process = Start-Shell "$TestDrive/run.ps1" "$TestDrive/out.txt"
        while ((Get-Last).Id -eq $before -and -not $process.HasExited) { Start-Sleep -Milliseconds 100 }
        Wait-State PostCopying
        kill -INT $process.Id
        Start-Sleep 2
        $process.HasExited | Should -BeFalse -Because 'a post-copy is finished first'
        kill -INT $process.Id
        $process.WaitForExit(20000) | Should -BeTrue
        Get-Content "$TestDrive/out.txt" -Raw | Should -Match "vm1.*was left while it was PostCopying.*Resume-TrafficSensitiveMigration -Id $((Get-Last).Id)"
        (Get-Last).State | Should -Be Interrupted
        (Resume-TrafficSensitiveMigration -JournalPath (Get-JournalFolder)).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'tells an owner''s shutdown from a failure to move, and leaves nothing that waits: <Technique>' -ForEach @{ Technique = 'PreCopy' }, @{ Technique = 'PostCopy' } {
        $to = Get-OtherHost (Get-Place)
        $run = Start-Run $Technique
        Invoke-Lab fault shutdown vm1
        (Complete-Run $run).Error.ErrorId | Should -Be VMStopped
        Get-Place | Should -BeNullOrEmpty
        # In post-copy it was at the destination that it ended.
        if ($Technique -eq 'PostCopy') {
            ssh $to 'virsh -q list --all --name' | Should -Contain vm1
            ssh (Get-OtherHost $to) 'virsh -q list --all --name' | Should -Not -Contain vm1
        }

        Invoke-Lab guest-stop vm1
        Start-Guest
    }

    It 'leaves both ends alone when the stream breaks in post-copy and libvirt cannot take it up' {
        $from = Get-Place
        $to = Get-OtherHost $from
        $run = Start-Run PostCopy
        Invoke-Lab fault reset $to
        $result = Complete-Run $run
        $result.Error.ErrorId | Should -Be PostCopyBroken
        @(Get-Place) | Should -Be 'kvm-a', 'kvm-b'
        ssh $to 'virsh -q list' | Should -Match vm1 -Because 'the daemon there must not have been asked what ends it'
        (Get-Last).State | Should -Be Interrupted
    }
}
