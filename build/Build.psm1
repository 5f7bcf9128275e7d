# The tasks of build.ps1.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$root = Split-Path $PSScriptRoot
$out = Join-Path $root 'out'
$moduleFolder = Join-Path $out 'TrafficMigration'

function Write-Step([string] $Text) {
    Write-Host "==> $Text" -ForegroundColor Cyan
}

# A native command whose failure ends the build. What $Command names, it must not call $Command.
function Invoke-Native([scriptblock] $Command) {
    & $Command | Out-Host
    if ($LASTEXITCODE -ne 0) {
        throw "Failed with exit code ${LASTEXITCODE}: $Command"
    }
}

function Build-Module {
    Write-Step 'Building the module into out/TrafficMigration'
    # In CI the lock files are law; at a developer's desk a changed version may update them.
    $locked = @(if ($env:CI) { '-p:RestoreLockedMode=true' })
    $parts = Join-Path $out 'parts'
    foreach ($project in 'TrafficMigration', 'TrafficMigration.Ssh') {
        Invoke-Native { dotnet publish "$root/src/$project" -c Release -o "$parts/$project" -v quiet @locked }
    }

    if (Test-Path $moduleFolder) {
        Remove-Item $moduleFolder -Recurse
    }

    $null = New-Item "$moduleFolder/Ssh" -ItemType Directory -Force
    Copy-Item "$root/TrafficMigration.psd1", "$root/LICENSE", "$root/THIRD-PARTY-NOTICES.txt", "$root/src/TrafficMigration/TrafficMigration.format.ps1xml", "$root/src/TrafficMigration/TrafficMigration.types.ps1xml" $moduleFolder
    Copy-Item "$parts/TrafficMigration/*" $moduleFolder -Include 'TrafficMigration*.dll', 'TrafficMigration*.pdb', 'TrafficMigration.xml'
    Copy-Item "$root/en-US" $moduleFolder -Recurse
    # Core is shared with the cmdlets: a second copy beside the SSH room would be a second, different contract.
    Copy-Item "$parts/TrafficMigration.Ssh/*" "$moduleFolder/Ssh" -Include '*.dll', 'TrafficMigration.Ssh.pdb', '*.deps.json' -Exclude 'TrafficMigration.Core.*'
}

# The package as the PowerShell Gallery takes it, from what lies in out/TrafficMigration: whoever signs, signs the files
# there first. With a list of what is in it (CycloneDX), of the assemblies that ship and not of what only builds them.
function Compress-Module([string] $Destination = $out) {
    $version = (Import-PowerShellDataFile "$moduleFolder/TrafficMigration.psd1").ModuleVersion
    Write-Step "Packing TrafficMigration $version"
    $tool = "$out/tools/dotnet-CycloneDX"
    if (-not (Get-Command $tool -ErrorAction Ignore)) {
        Invoke-Native { dotnet tool install CycloneDX --version 6.3.1 --tool-path "$out/tools" }
    }

    Invoke-Native {
        & $tool "$root/src/TrafficMigration.Ssh/TrafficMigration.Ssh.csproj" --output $moduleFolder --filename TrafficMigration.cdx.json --output-format Json `
            --exclude-dev --disable-package-restore --set-name TrafficMigration --set-version $version --set-type Library
    }
    $null = New-Item $Destination -ItemType Directory -Force
    Remove-Item "$Destination/TrafficMigration.$version.nupkg" -ErrorAction Ignore
    Compress-PSResource -Path $moduleFolder -DestinationPath $Destination
    Get-Item "$Destination/TrafficMigration.$version.nupkg"
}

# What no compiler looks at. The analyzers of the C# projects are part of every build, as errors.
function Invoke-Analysis {
    Write-Step 'The shell scripts'
    if (Get-Command shellcheck -ErrorAction Ignore) {
        Invoke-Native { shellcheck --severity=warning (Get-ChildItem "$root/lab/*.sh", "$root/benchmarks/*.sh", "$root/build/*.sh", "$root/build.sh").FullName }
    }
    else {
        Write-Warning 'shellcheck is not installed, so nothing looked at them.'
    }

    Write-Step 'The PowerShell scripts'
    if (-not (Get-Module PSScriptAnalyzer -ListAvailable)) {
        Write-Warning 'PSScriptAnalyzer is not installed, so nothing looked at them: Install-PSResource PSScriptAnalyzer'
        return
    }

    $found = 'build.ps1', 'build', 'examples', 'lab' | ForEach-Object { Invoke-ScriptAnalyzer "$root/$_" -Recurse -Severity Warning, Error -ExcludeRule PSAvoidUsingWriteHost }
    $found | Format-Table -AutoSize | Out-Host
    if ($found) { throw "PSScriptAnalyzer found $(@($found).Count) things." }
}

# Pages and help files from the built module, in a process of its own: a loaded module's assemblies cannot be unloaded.
function Update-ModuleHelp {
    Write-Step 'Refreshing docs/cmdlets and en-US'
    $refresh = "Import-Module '$moduleFolder/TrafficMigration.psd1', '$root/build/Help/Help.psm1'; Update-CmdletMarkdown '$root/docs/cmdlets'; Export-CmdletHelp '$root/docs/cmdlets' '$root/en-US'"
    Invoke-Native { & (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -Command $refresh }
    Copy-Item "$root/en-US" $moduleFolder -Recurse -Force
}

function Invoke-LabTask([switch] $Up, [switch] $Down, [switch] $Status, [int] $Hosts, [string] $LinkRate, [string] $Name) {
    $lab = "$root/lab/lab.sh"
    if ($Up) {
        Invoke-Native { bash $lab up --name $Name --hosts $Hosts --link-rate $LinkRate }
    }
    elseif ($Down) {
        Invoke-Native { bash $lab down --name $Name }
    }
    else {
        Invoke-Native { bash $lab status --name $Name }
    }
}

# A path to a Pester that PowerShell can import, from NuGet.
function Get-PesterPath {
    $restored = dotnet restore "$root/tests/Pester.csproj" -v quiet 2>&1
    if ($LASTEXITCODE -ne 0) {
        throw "Pester could not be restored: $restored"
    }

    $packages = (dotnet nuget locals global-packages --list) -replace '^.*?:\s*'
    Join-Path $packages 'pester/6.2.0/tools/Pester.psd1'
}

# FailedTests: what failed, by name; what said so may be thousands of lines above the sum.
function New-Count([int] $Passed = 0, [int] $Failed = 0, [int] $Skipped = 0, [string[]] $FailedTests = @(), [int] $LeftOut = 0) {
    [pscustomobject]@{ Passed = $Passed; Failed = $Failed; Skipped = $Skipped; FailedTests = $FailedTests; LeftOut = $LeftOut }
}

# Built and run in the background.
function Start-Xunit([string[]] $Project) {
    $null = New-Item "$out/tests" -ItemType Directory -Force
    $Project | ForEach-Object { Remove-Item "$out/tests/$_.trx" -ErrorAction Ignore }
    $process = Start-Process bash -PassThru -ArgumentList (@("$root/build/xunit.sh", "$out/tests") + ($Project | ForEach-Object { "$root/tests/$_" }))
    $Project | ForEach-Object { [pscustomobject]@{ Project = $_; Process = $process; Report = "$out/tests/$_.trx" } }
}

# Shows what the tests said; the TRX report has the counts.
function Complete-Xunit($Run) {
    $Run.Process.WaitForExit()
    Write-Step "xunit: $($Run.Project)"
    Get-Content "$out/tests/$($Run.Project).log" | Out-Host
    if (-not (Test-Path $Run.Report)) {
        return New-Count -Failed 1 -FailedTests "$($Run.Project): did not run"
    }

    $ran = ([xml](Get-Content $Run.Report -Raw)).TestRun
    $counters = $ran.ResultSummary.Counters
    $failed = @($ran.Results.UnitTestResult | Where-Object outcome -NotIn 'Passed', 'NotExecuted' | ForEach-Object testName)
    New-Count $counters.passed ([int]$counters.total - [int]$counters.passed - [int]$counters.notExecuted) $counters.notExecuted $failed
}

# Pester runs in a process of its own: a loaded module's assemblies cannot be unloaded.
function Invoke-PesterFolder([string] $Folder, [string[]] $Prefix = @(), [switch] $Slow) {
    $report = "$out/tests/$($Folder -replace '/', '-').json"
    Remove-Item $report -ErrorAction Ignore
    $command = @($Prefix) + (Get-Command pwsh -CommandType Application)[0].Source + @(
        '-NoProfile', '-NonInteractive', '-File', "$root/build/Invoke-Pester.ps1",
        '-Path', "$root/tests/$Folder", '-PesterPath', (Get-PesterPath), '-Report', $report) + @(if ($Slow) { '-Slow' })
    & $command[0] $command[1..($command.Count - 1)] | Out-Host
    if (-not (Test-Path $report)) {
        return New-Count -Failed 1 -FailedTests "${Folder}: did not run"
    }

    $result = Get-Content $report -Raw | ConvertFrom-Json
    New-Count $result.Passed $result.Failed $result.Skipped $result.FailedTests $result.LeftOut
}

# Runs the Pester tests of a folder in the control box of a lab of their own.
function Invoke-LabPester([string] $Folder, [int] $Hosts, [string[]] $LabOptions = @(), [switch] $Slow) {
    $lab = "$root/lab/lab.sh"
    $name = "test-$PID"
    try {
        Invoke-Native { bash $lab up --name $name --hosts $Hosts @LabOptions }
        Invoke-PesterFolder $Folder -Slow:$Slow -Prefix 'bash', $lab, 'exec', '--name', $name, 'control', '--'
    }
    finally {
        bash $lab down --name $name | Out-Host
    }
}

# Random faults on real hosts, judged from outside. A run is a test: it failed if anything was lost, doubled or left open.
function Invoke-ChaosRuns([int] $Runs, [int] $Seed) {
    $lab = "$root/lab/lab.sh"
    $name = "chaos-$PID"
    try {
        Invoke-Native { bash $lab up --name $name --hosts 2 --link-rate 400mbit }
        & (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -File "$root/lab/Chaos.ps1" -Runs $Runs -Seed $Seed -Lab $name -OutFolder "$out/chaos" | Out-Host
        $ran = @(Get-Content "$out/chaos/chaos-$Seed.jsonl" -ErrorAction Ignore | ConvertFrom-Json)
        $passed = @($ran | Where-Object { -not $_.Failed }).Count
        # Runs that are missing have shown nothing.
        New-Count $passed ($Runs - $passed) -FailedTests @(if ($passed -lt $Runs) { "Chaos, seed ${Seed}: $($Runs - $passed) of $Runs runs" })
    }
    finally {
        bash $lab down --name $name | Out-Host
    }
}

# The parts of the acceptance tests, each with a lab of its own. What rests on measured rates has only guests beside it
# that cost no processor, and links that can be filled. Where only the way of a migration counts, faster ones save minutes.
function Invoke-LabPart([ValidateSet('Measuring', 'Access', 'Migrating', 'Examples', 'Faults')] [string] $Part, [switch] $Slow) {
    $rate = $Part -in 'Measuring', 'Faults' ? '100mbit' : '400mbit'
    Invoke-LabPester "Acceptance/$Part" 3 ('--migration-network', '--link-rate', $rate) -Slow:$Slow
    if ($Slow -and $Part -eq 'Faults') {
        Invoke-ChaosRuns 1 (Get-Random -Maximum 1000000)
    }
}

# Parts, one after another, as a process: several of those can run side by side, and each is shown as a whole.
function Start-LabPart([string[]] $Part, [switch] $Slow) {
    Write-Step "Pester: $($Part -join ', '), on the lab; what it says comes when it has ended"
    $null = New-Item "$out/tests" -ItemType Directory -Force
    $report = "$out/tests/$($Part[0]).json"
    Remove-Item $report -ErrorAction Ignore
    $command = "Import-Module '$root/build/Build.psm1'; $(($Part | ForEach-Object { "'$_'" }) -join ',') | ForEach-Object { Invoke-LabPart `$_ -Slow:`$$Slow } | ConvertTo-Json -AsArray | Set-Content '$report'"
    $process = Start-Process (Get-Command pwsh -CommandType Application)[0].Source -PassThru `
        -ArgumentList '-NoProfile', '-NonInteractive', '-OutputFormat', 'Text', '-EncodedCommand', ([Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($command))) `
        -RedirectStandardOutput "$out/tests/$($Part[0]).log" -RedirectStandardError "$out/tests/$($Part[0]).err"
    [pscustomobject]@{ Part = $Part; Process = $process; Report = $report }
}

function Complete-LabPart($Run) {
    $Run.Process.WaitForExit()
    Write-Step "Pester: $($Run.Part -join ', ')"
    Get-Content "$out/tests/$($Run.Part[0]).log", "$out/tests/$($Run.Part[0]).err" | Out-Host
    if (-not (Test-Path $Run.Report)) {
        return New-Count -Failed 1 -FailedTests "$($Run.Part -join ', '): did not run to its end"
    }

    Get-Content $Run.Report -Raw | ConvertFrom-Json
}

# What the lab needs, from apt, while the compiler has the processors: packages, and the guests' image.
function Start-LabPackages {
    $log = "$out/packages.log"
    $null = New-Item $out -ItemType Directory -Force
    @{ Log = $log; Process = Start-Process bash -PassThru -RedirectStandardOutput $log -RedirectStandardError "$log.err" -ArgumentList "$root/lab/lab.sh", 'packages', '--image' }
}

function Complete-LabPackages($Packages) {
    $Packages.Process.WaitForExit()
    if ($Packages.Process.ExitCode -ne 0) {
        throw "The lab's packages could not be installed: $(Get-Content $Packages.Log, "$($Packages.Log).err" -Tail 20 | Out-String)"
    }
}

function Invoke-AllTests([switch] $NoLab, [switch] $Slow) {
    $packages = $NoLab ? $null : (Start-LabPackages)
    Build-Module
    if ($packages) {
        # The tests of the SSH room want a real sshd, too.
        Complete-LabPackages $packages
    }

    # Those of the SSH room mostly wait, for silence to count as silence: the others run meanwhile.
    $runs = Start-Xunit 'TrafficMigration.Ssh.Tests', 'TrafficMigration.Core.Tests'
    $counts = @(
        Write-Step 'Pester: the module as a user sees it'
        Invoke-PesterFolder 'Module' -Slow:$Slow
        $runs | ForEach-Object { Complete-Xunit $_ }
        if (-not $NoLab) {
            # Their guests cost no processor.
            $light = Start-LabPart Examples, Access -Slow:$Slow
            Complete-LabPart (Start-LabPart Measuring -Slow:$Slow)
            $heavy = 'Migrating', 'Faults' | ForEach-Object { Start-LabPart $_ -Slow:$Slow }
            @($light) + $heavy | ForEach-Object { Complete-LabPart $_ }
        }
    )
    $sum = @{}
    foreach ($property in 'Passed', 'Failed', 'Skipped', 'LeftOut') {
        $sum[$property] = [int]($counts | Measure-Object $property -Sum).Sum
    }

    $counts | ForEach-Object { $_.FailedTests } | ForEach-Object { Write-Host "failed: $_" -ForegroundColor Red }
    $skipped = if ($sum.Skipped) { ", $($sum.Skipped) skipped" }
    $leftOut = if ($sum.LeftOut) { ". $($sum.LeftOut) slow ones were left out: ./build.sh Test -Slow" }
    Write-Host "$($sum.Passed) passed, $($sum.Failed) failed$skipped$leftOut"
    # A skipped test has shown nothing: it does not count as passed.
    [int]($sum.Failed -gt 0 -or $sum.Skipped -gt 0 -or $sum.Passed -eq 0)
}

# Figures, not tests: ratios within one run, on whatever this machine is doing meanwhile.
function Invoke-Benchmarks {
    $project = "$root/benchmarks/TrafficMigration.Benchmarks"
    Invoke-Native { dotnet build $project -c Release --nologo -v quiet }
    $program = "$project/bin/Release/net10.0/TrafficMigration.Benchmarks"
    Write-Step 'What importing the module costs, and how long Tab takes'
    Invoke-Native { & (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -File "$root/benchmarks/import-time.ps1" "$moduleFolder/TrafficMigration.psd1" }
    Write-Step 'What a sample costs the host that is sampled'
    Invoke-Native { bash "$root/benchmarks/host-cost.sh" $program }
    Write-Step 'What sampling 200 hosts costs the one process that does it'
    Invoke-Native { & $program hosts }
    Write-Step 'What a run costs beside the same migrations by hand'
    Invoke-Native { bash "$root/benchmarks/run-cost.sh" (Get-Command pwsh -CommandType Application)[0].Source }
    Write-Step 'A run of 100 VMs between 20 hosts, by one process'
    Invoke-Native { & $program run }
    Write-Step 'Plans for one pair of hosts, proven'
    Invoke-Native { & $program pair }
    Write-Step 'Plans for racks, beside OR-Tools CP-SAT with 60 s a plan'
    Invoke-Native { & $program rack 60 }
    Write-Step 'What a plan would do: the simulator'
    Invoke-Native { & $program simulate }
    Write-Step 'A million damaged answers'
    Invoke-Native { & $program fuzz "$root/tests/TrafficMigration.Core.Tests/Recorded" }
    Write-Step 'A hundred thousand damaged files'
    Invoke-Native { & $program fuzz-files "$root/tests" }
}

function Invoke-Demo {
    $lab = "$root/lab/lab.sh"
    $name = "demo-$PID"
    $watch = [Diagnostics.Stopwatch]::StartNew()
    try {
        Write-Step 'Bringing up two KVM hosts'
        Invoke-Native { bash $lab up --name $name --hosts 2 }
        Write-Step 'Starting two VMs and their traffic: vm1 sends, vm2 receives, both as fast as the link lets them'
        Invoke-Native { bash $lab guest-start --name $name --memory 192 --fill 96 --no-wait kvm-a vm1 }
        Invoke-Native { bash $lab guest-start --name $name --memory 192 --fill 96 kvm-a vm2 }
        Invoke-Native { bash $lab traffic-start --name $name vm1 out }
        Invoke-Native { bash $lab traffic-start --name $name vm2 in }
        Write-Step 'Measuring, planning, migrating'
        Invoke-Native { bash $lab exec --name $name control -- (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -File "$root/lab/Demo.ps1" -OutFile "$out/demo.json" }
    }
    finally {
        Write-Step 'Tearing down'
        bash $lab down --name $name | Out-Host
    }

    Write-Step "Done in $([int]$watch.Elapsed.TotalSeconds) s; all figures are in out/demo.json"
}

# The strategies side by side on the lab, under the traffic of a suite; a line a run, and a table of all of them.
function Invoke-Evaluation([string] $Suite, [int] $Repeats, [string] $LinkRate) {
    $lab = "$root/lab/lab.sh"
    $name = "evaluate-$PID"
    $definition = Import-PowerShellDataFile "$root/lab/evaluation/suites/$Suite.psd1"
    $file = "$out/evaluation/$Suite.jsonl"
    $options = @(foreach ($option in 'With', 'Queue') { if ($definition.ContainsKey($option)) { "--$($option.ToLowerInvariant())", $definition[$option] } })
    Remove-Item $file -ErrorAction Ignore
    try {
        Invoke-Native { bash $lab up --name $name --hosts $definition.Hosts --link-rate ($LinkRate ? $LinkRate : $definition.LinkRate) @options }
        Invoke-Native { bash $lab exec --name $name control -- (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -File "$root/lab/evaluation/Evaluate.ps1" -Suite $Suite -Repeats $Repeats -OutFile $file }
    }
    finally {
        bash $lab down --name $name | Out-Host
    }

    Import-Module "$root/lab/evaluation/Summary.psm1"
    $unit = $definition.ContainsKey('Unit') ? $definition.Unit : 'Mbps'
    $table = Format-EvaluationSummary (Get-EvaluationSummary @(Get-Content $file | ConvertFrom-Json) $definition) $unit $definition
    $table | Set-Content "$out/evaluation/$Suite.md"
    $table | Out-Host
    Write-Step "The table is in out/evaluation/$Suite.md, each run in out/evaluation/$Suite.jsonl"
}

# Every fault once, then random ones. 0 when nothing was lost, doubled or left open.
function Invoke-Chaos([int] $Runs, [int] $Seed) {
    Write-Step 'Every fault once'
    $faults = Invoke-LabPester 'Faults' 2
    Write-Host "Faults: $($faults.Passed) passed, $($faults.Failed) failed"
    Write-Step 'Random faults'
    $chaos = Invoke-ChaosRuns $Runs $Seed
    Write-Host "Chaos: $($chaos.Passed) runs passed, $($chaos.Failed) failed; each is a line in out/chaos/chaos-$Seed.jsonl"
    [int]($faults.Failed -gt 0 -or $faults.Passed -eq 0 -or $chaos.Failed -gt 0)
}

Export-ModuleMember -Function Build-Module, Update-ModuleHelp, Compress-Module, Invoke-Analysis, Invoke-LabTask, Invoke-AllTests, Invoke-LabPart, Invoke-Benchmarks, Invoke-Demo, Invoke-Evaluation, Invoke-Chaos
