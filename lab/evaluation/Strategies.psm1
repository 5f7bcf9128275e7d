<#
    The strategies that are compared. Each moves the VMs of a suite and gives what became of each VM: VMName, Source,
    Destination, Technique, StartTime, Seconds (null where it did not begin), DowntimeSeconds (null where nobody says), Bytes, Completed.
    Serial and AutoConverge are typed by hand as administrators do; the others use the module's executor, whose own cost
    against `virsh migrate` by hand is measured apart (benchmarks/run-cost.sh).
#>
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

# In the order of the tables. What a name is by `Get-MigrationPlan`; Adaptive is ours with its eyes open, LeastTime ours
# by another objective.
$strategies = [ordered]@{
    None                = 'no migration'
    Serial              = 'virsh migrate in a loop'
    PreCopy             = 'all pre-copy, in parallel'
    PostCopy            = 'all post-copy, in parallel'
    PreCopyThenPostCopy = 'pre-copy, then post-copy where it does not converge'
    AutoConverge        = 'pre-copy with auto-converge, in parallel'
    TrafficSensitive    = 'ours, as planned'
    Adaptive            = 'ours, adaptive'
    LeastTime           = 'ours, -Objective Time'
    Looked              = 'ours, memory looked at'
}

# A pre-copy that does not converge never ends: after this it is aborted, and its run is void. For a run of the executor,
# and for one `virsh migrate`.
$mostSeconds = 420

# By name, what each is in words; a suite may bring its own, to lay one option's worth beside the same run without it.
function Get-Strategy($Suite) {
    if (-not $Suite -or -not $Suite.ContainsKey('Strategies')) { return $strategies }
    $own = [ordered]@{ None = $strategies.None }
    foreach ($strategy in $Suite.Strategies) { $own[$strategy.Name] = $strategy.About }
    $own
}

# One `virsh migrate` at the source, as one would type it; ends when virsh does.
$byHand = {
    param($Move, $Options, $MostSeconds)
    # SIGINT does not end a migration whose virsh has no terminal (seen in the lab), so the job is aborted.
    $bound = "{ timeout $MostSeconds tail --pid=`$`$ -f /dev/null || virsh -q domjobabort '$($Move.VM)'; } </dev/null >/dev/null 2>&1 &"
    $begin = [DateTimeOffset]::Now
    $said = ssh $Move.Source "$bound virsh -q migrate --live --p2p --persistent --undefinesource $Options '$($Move.VM)' qemu+ssh://$($Move.Destination)/system tcp://$($Move.Destination)" 2>&1
    $ok = $LASTEXITCODE -eq 0
    $end = [DateTimeOffset]::Now
    $job = @{}
    ssh $Move.Destination "virsh domjobinfo '$($Move.VM)' --completed --rawstats" 2>$null | ForEach-Object {
        $pair = "$_" -split ':', 2
        if ($pair.Count -eq 2) { $job[$pair[0].Trim()] = $pair[1].Trim() }
    }
    [pscustomobject]@{
        VMName = $Move.VM; Source = $Move.Source; Destination = $Move.Destination; Technique = 'PreCopy'
        StartTime = $begin; Seconds = ($end - $begin).TotalSeconds
        DowntimeSeconds = if ($job['downtime']) { $job['downtime'] / 1000 }
        Bytes = [long]($job['data_processed'] ?? 0); Completed = $ok; Said = if (-not $ok) { "$said" }
    }
}

function Move-ByHand($Moves, [string] $Options, [switch] $Serially) {
    $throttle = if ($Serially) { 1 } else { $Moves.Count }
    $text = $byHand.ToString()
    $Moves | ForEach-Object -ThrottleLimit $throttle -Parallel { & ([scriptblock]::Create($using:text)) $_ $using:Options $using:mostSeconds }
}

# Where each VM goes as the suite says; ours chooses by itself where a suite lets it.
function Get-Plan($Moves, [hashtable] $How, [bool] $Chooses, [hashtable] $Measure = @{}) {
    $pin = @{}
    foreach ($move in $Moves) { $pin[$move.VM] = $move.Destination }
    $where = $Chooses ? @{} : @{ PinDestination = $pin }
    Get-VMTrafficRate @($Moves.Source | Select-Object -Unique) -SampleCount 5 -DirtyRate @Measure |
        Get-MigrationPlan -Destination @($Moves.Destination | Select-Object -Unique) @How @where
}

function Start-Plan($Plan, [hashtable] $How) {
    $job = $Plan | Start-TrafficSensitiveMigration -Confirm:$false -AsJob @How
    if (-not (Wait-Job $job -Timeout $mostSeconds)) { Stop-Job $job }
    Receive-Job $job -Wait -AutoRemoveJob -InformationAction Ignore -ErrorAction SilentlyContinue | ForEach-Object {
        [pscustomobject]@{
            VMName = $_.VMName; Source = $_.Source; Destination = $_.Destination; Technique = "$($_.TechniqueUsed)"
            StartTime = $_.StartTime; Seconds = if ($null -ne $_.TotalTime) { $_.TotalTime.TotalSeconds }
            DowntimeSeconds = if ($_.Downtime) { $_.Downtime.TotalSeconds }
            Bytes = [long]($_.BytesTransferred ?? 0); Completed = "$($_.Outcome)" -eq 'Completed'
            Said = if ($_.Error) { "$($_.Error)" } else { $_.Decisions -join '; ' }
        }
    }
}

# What a strategy knows before it moves anything: measured and planned, where it does so.
function Initialize-Strategy([string] $Name, $Moves, [bool] $OneWay, $Suite) {
    $own = if ($Suite.ContainsKey('Strategies')) { $Suite.Strategies | Where-Object Name -EQ $Name }
    $start = @{ Adaptive = $Name -eq 'Adaptive' }
    if ($own -and $own.ContainsKey('Start')) { foreach ($key in $own.Start.Keys) { $start[$key] = $own.Start[$key] } }
    $plan = @(if ($own) {
            Get-Plan $Moves ($own.ContainsKey('Plan') ? $own.Plan : @{}) $OneWay ($own.ContainsKey('Rate') ? $own.Rate : @{})
        }
        elseif ($Name -notin 'Serial', 'AutoConverge') {
            switch ($Name) {
                { $_ -in 'TrafficSensitive', 'Adaptive' } { Get-Plan $Moves @{} $OneWay }
                'LeastTime' { Get-Plan $Moves @{ Objective = 'Time' } $OneWay }
                'Looked' { Get-Plan $Moves @{} $OneWay @{ MemoryContent = $true } }
                default { Get-Plan $Moves @{ Strategy = $Name } $false }
            }
        })
    [pscustomobject]@{ Name = $Name; Moves = $Moves; Plan = $plan; Start = $start; PredictedSeconds = if ($plan) { $plan[0].Plan.PredictedDuration.TotalSeconds } }
}

# Moves the VMs; what became of each.
function Invoke-Strategy($Prepared) {
    # A suite's own may be called as it likes.
    if ($Prepared.Plan) { return Start-Plan $Prepared.Plan $Prepared.Start }
    switch ($Prepared.Name) {
        'Serial' { Move-ByHand $Prepared.Moves '' -Serially }
        'AutoConverge' { Move-ByHand $Prepared.Moves '--auto-converge' }
        default { throw "$_ made no plan" }
    }
}

Export-ModuleMember -Function Get-Strategy, Initialize-Strategy, Invoke-Strategy
