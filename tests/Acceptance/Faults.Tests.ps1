# What breaks while VMs move, made on real hosts: each time the VM runs exactly once afterwards, and the user is told what is true.
BeforeAll {
    Import-Module "$PSScriptRoot/../../lab/Lab.psm1"
    $manifest = (Get-Module TrafficMigration).Path
    $journals = "$TestDrive/journals"

    function Start-Guest {
        Invoke-Lab guest-start kvm-a vm1 --memory 128 --fill 4
    }

    # Every host on which a QEMU has the VM, by the hosts' own word.
    function Get-Place {
        'kvm-a', 'kvm-b' | Where-Object { (ssh $_ 'virsh -q list --name --state-running --state-paused') -contains 'vm1' }
    }

    function Get-Plan([string] $Technique) {
        $from = Get-Place
        [pscustomobject]@{ HostName = $from; VMName = 'vm1'; TxBitsPerSecond = 1000; RxBitsPerSecond = 1000 } |
            Get-MigrationPlan -Destination ($from -eq 'kvm-a' ? 'kvm-b' : 'kvm-a') -NoProbe -Strategy $Technique
    }

    function Get-Last {
        Get-TrafficSensitiveMigration -JournalPath $journals -Last
    }

    # Waits until the last run's VM is in a state, and memory flows.
    function Wait-State([string] $State) {
        foreach ($try in 1..150) {
            if (@((Get-Last).VirtualMachines.State) -eq $State) { Start-Sleep -Milliseconds 500; return }
            Start-Sleep -Milliseconds 100
        }

        throw "The run did not get to $State; it is $((Get-Last).VirtualMachines.State)."
    }

    # A run in the background that has come to a state.
    function Start-Run([string] $Technique, [string] $State = ($Technique -eq 'PreCopy' ? 'PreCopying' : 'PostCopying'), [hashtable] $Options = @{}) {
        $job = Get-Plan $Technique | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -AsJob -JournalPath $journals @Options
        Wait-State $State
        $job
    }

    function Complete-Run($Job) {
        $null = Wait-Job $Job -Timeout 90
        $result = Receive-Job $Job -ErrorAction SilentlyContinue -WarningAction SilentlyContinue -InformationAction SilentlyContinue
        Remove-Job $Job -Force
        $result
    }

    # The judge: exactly one QEMU, defined there and nowhere else, memory whole, counter not gone back.
    function Assert-Whole([string] $Where) {
        Get-Place | Should -Be $Where
        Invoke-Lab check vm1 | Should -Match "^vm1 ok $Where "
    }

    function Get-OtherHost([string] $HostName) {
        $HostName -eq 'kvm-a' ? 'kvm-b' : 'kvm-a'
    }

    Start-Guest
}

AfterAll {
    try { Invoke-Lab guest-stop vm1 } catch { Write-Warning "$_" }
}

Describe 'Faults while a VM moves' {
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

    It 'survives its own end: another shell finds out what is true and brings it to its end' {
        $from = Get-Place
        $text = "Import-Module '$manifest'; Import-Clixml '$TestDrive/plan.xml' | Start-TrafficSensitiveMigration -Confirm:`$false -SkipPreflight -JournalPath '$journals'"
        Get-Plan PreCopy | Export-Clixml "$TestDrive/plan.xml" -Depth 5
        $before = (Get-Last).Id
        $process = Start-Process (Get-Process -Id $PID).Path -ArgumentList '-NoProfile', '-NonInteractive', '-EncodedCommand', ([Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))) -RedirectStandardOutput "$TestDrive/out.txt" -PassThru
        while ((Get-Last).Id -eq $before -and -not $process.HasExited) { Start-Sleep -Milliseconds 100 }
        Wait-State PreCopying
        $process.Kill($true)
        $process.WaitForExit()
        (Get-Last).State | Should -Be Interrupted
        $result = Resume-TrafficSensitiveMigration -JournalPath $journals
        $result.Outcome | Should -Be Completed
        $result.TotalTime.TotalSeconds | Should -BeGreaterThan 1
        (Get-Last).State | Should -Be Ended
        Assert-Whole (Get-OtherHost $from)
        { Resume-TrafficSensitiveMigration -JournalPath $journals } | Should -Throw -ErrorId 'NothingToResume,*'
    }

    It 'lets the VM stay when the memory stream breaks in pre-copy' {
        $from = Get-Place
        $run = Start-Run PreCopy
        Invoke-Lab fault reset (Get-OtherHost $from)
        $result = Complete-Run $run
        $result.Outcome | Should -Be Failed
        $result.Error.ErrorId | Should -Be MigrationFailed
        Assert-Whole $from
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

    It 'lets the VM stay when QEMU ends at the destination in pre-copy' {
        $from = Get-Place
        $run = Start-Run PreCopy
        Invoke-Lab fault kill-qemu (Get-OtherHost $from) vm1
        (Complete-Run $run).Error.ErrorId | Should -Be MigrationFailed
        Assert-Whole $from
    }

    It 'lets the VM stay when the destination has no memory for it, and says so' {
        $from = Get-Place
        Invoke-Lab fault out-of-memory (Get-OtherHost $from) 6
        Start-Sleep 1
        $result = Get-Plan PreCopy | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -JournalPath $journals -ErrorAction SilentlyContinue
        $result.Error.ErrorId | Should -Be MigrationFailed
        Assert-Whole $from
        Start-Sleep 5
    }

    It 'refuses a second run on the same hosts, and says who has them' {
        $from = Get-Place
        $other = Get-Plan PreCopy
        $run = Start-Run PreCopy
        $second = $other | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -JournalPath "$TestDrive/second" -ErrorAction SilentlyContinue
        $second.Error.ErrorId | Should -Be HostBusy
        $second.Error.Message | Should -Match "$((Get-Last).Id) root@control since"
        (Complete-Run $run).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'begins nothing without a journal, and ends what runs when its disk is full' {
        $disk = "$TestDrive/disk"
        $null = New-Item $disk -ItemType Directory
        mount -t tmpfs -o size=64k tmpfs $disk
        try {
            $from = Get-Place
            $journals = "$disk/runs"
            $other = Get-Plan PreCopy
            $run = Start-Run PreCopy
            dd if=/dev/zero of=$disk/fill bs=4k count=100 2>$null
            $full = $other | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -JournalPath "$disk/other" -ErrorAction SilentlyContinue -ErrorVariable problem
            $full | Should -BeNullOrEmpty
            "$($problem.FullyQualifiedErrorId)" | Should -Match 'JournalUnwritable'
            (Complete-Run $run).Outcome | Should -Be Completed
            Assert-Whole (Get-OtherHost $from)
        }
        finally {
            umount -l $disk
        }
    }

    It 'is stopped from another shell: a pre-copy is cancelled, a post-copy finished first' {
        $from = Get-Place
        $run = Start-Run PreCopy
        (Stop-TrafficSensitiveMigration -Id (Get-Last).Id -JournalPath $journals).State | Should -Be Ended
        $result = Complete-Run $run
        $result.Outcome | Should -Be Cancelled
        Assert-Whole $from
        $run = Start-Run PostCopy
        $null = Stop-TrafficSensitiveMigration -Id (Get-Last).Id -JournalPath $journals
        (Complete-Run $run).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'finishes a post-copy at the first Ctrl+C, and at the second leaves it so that it can be taken up' {
        $from = Get-Place
        Get-Plan PostCopy | Export-Clixml "$TestDrive/plan.xml" -Depth 5
        $before = (Get-Last).Id
        Set-Content "$TestDrive/run.ps1" "Import-Module '$manifest'; Import-Clixml '$TestDrive/plan.xml' | Start-TrafficSensitiveMigration -Confirm:`$false -SkipPreflight -JournalPath '$journals' -BandwidthLimit 33554432"
        $process = Start-Process (Get-Process -Id $PID).Path -ArgumentList '-NoProfile', '-NonInteractive', '-File', "$TestDrive/run.ps1" -RedirectStandardOutput "$TestDrive/out.txt" -PassThru
        while ((Get-Last).Id -eq $before -and -not $process.HasExited) { Start-Sleep -Milliseconds 100 }
        Wait-State PostCopying
        # As a terminal does: all of the group; the shim that starts PowerShell has a child.
        $ids = @($process.Id) + @(pgrep -P $process.Id)
        kill -INT $ids
        Start-Sleep 2
        $process.HasExited | Should -BeFalse -Because 'a post-copy is finished first'
        kill -INT $ids
        $process.WaitForExit(20000) | Should -BeTrue
        Get-Content "$TestDrive/out.txt" -Raw | Should -Match "vm1.*was left while it was PostCopying.*Resume-TrafficSensitiveMigration -Id $((Get-Last).Id)"
        (Get-Last).State | Should -Be Interrupted
        (Resume-TrafficSensitiveMigration -JournalPath $journals).Outcome | Should -Be Completed
        Assert-Whole (Get-OtherHost $from)
    }

    It 'tells an owner''s shutdown from a failure to move' {
        $run = Start-Run PreCopy
        Invoke-Lab fault shutdown vm1
        (Complete-Run $run).Error.ErrorId | Should -Be VMStopped
        Get-Place | Should -BeNullOrEmpty
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
