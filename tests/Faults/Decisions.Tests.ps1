# What a run decides while it runs: traffic that changes, time that is over.
BeforeAll {
    Import-Module "$PSScriptRoot/../Faults.psm1"
    Set-JournalFolder "$TestDrive/journals"
}

Describe 'Decisions of a run' {
    AfterEach {
        try { Invoke-Lab guest-stop vm1 } catch { Write-Warning "$_" }
    }

    It 'switches a pre-copy to post-copy when the VM begins to send, once and with its figures; not under -Adaptive:$false' {
        Invoke-Lab guest-start kvm-a vm1 --memory 288 --fill 160
        $run = Start-Run TrafficSensitive
        Start-LabTraffic vm1 out -Seconds 120
        $result = Complete-Run $run
        $result.Outcome | Should -Be Completed
        $result.Technique | Should -Be PreCopy
        $result.TechniqueUsed | Should -Be PostCopy
        # First it would pay if the traffic lasted; then it had lasted.
        @($result.Decisions).Count | Should -Be 2
        @($result.Decisions -match '^switched to post-copy: memory competes with \d+ Mbps that the VM sends').Count | Should -Be 1
        @((Get-Last).Events | Where-Object Kind -EQ Decision).Text | Should -Be (@('starts PreCopy to kvm-b') + $result.Decisions)
        # The figures of each, from the journal.
        $figures = @((Get-Last).Events.Switch | Where-Object { $_ })
        $figures.Switches | Should -Be $false, $true
        $figures[1].Cause | Should -Be Contention
        $figures[1].PreCopyRemaining | Should -BeGreaterThan $figures[1].PostCopyRemaining
        Get-Place | Should -Be kvm-b

        # It still sends, and goes back.
        $result = Complete-Run (Start-Run TrafficSensitive -Options @{ Adaptive = $false })
        $result.TechniqueUsed | Should -Be PreCopy
        $result.Decisions | Should -BeNullOrEmpty
        Stop-LabTraffic vm1 out
        Assert-Whole kvm-a
    }

    It 'does at a timeout what was chosen: <Action>' -ForEach @(
        @{ Action = 'Suspend'; Outcome = 'Completed'; Used = 'PreCopy' }
        @{ Action = 'PostCopy'; Outcome = 'Completed'; Used = 'PostCopy' }
        @{ Action = 'Cancel'; Outcome = 'Cancelled'; Used = $null }
    ) {
        # Dirties memory faster than the link carries it away: by itself no pre-copy of it ends.
        Invoke-Lab guest-start kvm-a vm1 --memory 132 --dirty-rate 60 --working-set 40 --fill 0
        $result = Complete-Run (Start-Run PreCopy -Options @{ Adaptive = $false; Timeout = '00:00:15'; TimeoutAction = $Action })
        $result.Outcome | Should -Be $Outcome
        $result.TechniqueUsed | Should -Be $Used
        @($result.Decisions).Count | Should -Be 1
        $result.TotalTime.TotalSeconds | Should -BeGreaterThan 14
        if ($Action -eq 'Cancel') { $result.Error.ErrorId | Should -Be MigrationTimedOut }
        # Running again, too: the judge takes a suspended VM for none.
        Assert-Whole ($Outcome -eq 'Completed' ? 'kvm-b' : 'kvm-a')
    }
}
