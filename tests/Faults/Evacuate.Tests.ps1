# examples/evacuate.ps1 as a scheduler calls it: its exit codes.
BeforeAll {
    Import-Module "$PSScriptRoot/../Faults.psm1"
    Set-JournalFolder "$TestDrive/journals"
    Start-Guest
    $script:log = "$TestDrive/events.jsonl"

    function Invoke-Evacuation([string] $From, [string] $To, [string[]] $More = @()) {
        # As a user has it installed.
        $env:PSModulePath = "$TestDrive/modules" + [IO.Path]::PathSeparator + $env:PSModulePath
        $null = New-Item "$TestDrive/modules" -ItemType Directory -Force
        if (-not (Test-Path "$TestDrive/modules/TrafficMigration")) {
            Copy-Item (Split-Path (Get-Module TrafficMigration).Path) "$TestDrive/modules/TrafficMigration" -Recurse
        }

        $script:said = pwsh -NoProfile -NonInteractive -File "$PSScriptRoot/../../examples/evacuate.ps1" -HostName $From -Destination $To -LogPath $log -JournalPath (Get-JournalFolder) @More 2>&1
        $LASTEXITCODE
    }
}

AfterAll {
    try { Invoke-Lab guest-stop vm1 } catch { Write-Warning "$_" }
}

Describe 'An evacuation by a scheduler' {
    It 'ends with 1 where a host cannot be reached, and nothing has moved' {
        Invoke-Evacuation no-host.invalid kvm-b | Should -Be 1
        Invoke-Evacuation kvm-a no-host.invalid | Should -Be 1
        $said -join ' ' | Should -Match 'no-host.invalid'
        Assert-Whole kvm-a
    }

    It 'ends with 2 where a VM did not move in time' {
        Invoke-Evacuation kvm-a kvm-b -More '-RunTimeout', '00:00:04' | Should -Be 2
        $said -join ' ' | Should -Match 'vm1'
        Assert-Whole kvm-a
    }

    It 'takes up what a killed call left open, and ends with 0' {
        $process = Start-Process pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-File', "$PSScriptRoot/../../examples/evacuate.ps1", '-HostName', 'kvm-a', '-Destination', 'kvm-b', '-JournalPath', (Get-JournalFolder) -RedirectStandardOutput "$TestDrive/killed.txt" -PassThru
        $before = (Get-Last).Id
        while ((Get-Last).Id -eq $before -and -not $process.HasExited) { Start-Sleep -Milliseconds 100 }
        foreach ($try in 1..150) {
            if ((Get-Last).VirtualMachines.State -in 'PreCopying', 'PostCopying') { break }
            Start-Sleep -Milliseconds 100
        }
        $process.Kill($true)
        $process.WaitForExit()
        (Get-Last).State | Should -Be Interrupted
        Invoke-Evacuation kvm-a kvm-b | Should -Be 0 -Because "$said"
        Assert-Whole kvm-b
    }

    It 'ends with 0 where nothing is left to do, and has logged every event as a line of JSON' {
        Invoke-Evacuation kvm-a kvm-b | Should -Be 0
        $events = Get-Content $log | ConvertFrom-Json
        @($events | Where-Object VMName -EQ vm1).Count | Should -BeGreaterThan 5
        $events[0].RunId | Should -Not -BeNullOrEmpty
    }
}
