<#
    From the lines of an evaluation to a table a strategy: medians, and the least and the most beside them. Runs that are
    void (see Evaluate.ps1) are counted and left out.
#>
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Import-Module "$PSScriptRoot/Strategies.psm1"

# What a link of 1000 Mbit/s carries of TCP's payload is 941.48 Mbit/s: headers, frame check, gap (IEEE 802.3, RFC 7323).
$payload = 0.94148

function Get-Median([double[]] $Values) {
    $sorted = @($Values | Sort-Object)
    if ($sorted.Count -eq 0) { return [double]::NaN }
    $middle = [int][math]::Floor($sorted.Count / 2)
    $sorted.Count % 2 ? $sorted[$middle] : ($sorted[$middle - 1] + $sorted[$middle]) / 2
}

# No strategy is faster: on each link direction, what has to cross it at the link's speed. What has to cross is for each
# VM the least that any run moved.
function Get-LimitSeconds($Runs) {
    $least = @{}
    foreach ($vm in $Runs.VMs | Where-Object { $_.Completed -and $_.Bytes -gt 0 }) {
        if (-not $least.ContainsKey($vm.VMName) -or $vm.Bytes -lt $least[$vm.VMName]) { $least[$vm.VMName] = $vm.Bytes }
    }

    # Sources cannot be chosen; destinations can, where a suite lets a strategy do so.
    $one = $Runs | Where-Object { $_.VMs } | Select-Object -First 1
    $links = $one.VMs | Group-Object Source | ForEach-Object { ($_.Group | ForEach-Object { $least[$_.VMName] } | Measure-Object -Sum).Sum }
    ($links | Measure-Object -Maximum).Maximum * 8 / ($one.LinkBitsPerSecond * $payload)
}

function Get-EvaluationSummary($Runs, $Suite) {
    $valid = @($Runs | Where-Object { -not $_.Void })
    $limit = Get-LimitSeconds $valid
    $undisturbed = Get-Median @($valid | Where-Object Strategy -EQ None | ForEach-Object During)
    foreach ($name in (Get-Strategy $Suite).Keys) {
        $mine = @($valid | Where-Object Strategy -EQ $name)
        if (-not $mine) { continue }
        $times = @($mine.Seconds)
        $moves = $name -ne 'None'
        [pscustomobject]@{
            Strategy         = $name
            Runs             = $mine.Count
            Void             = @($Runs | Where-Object { $_.Strategy -eq $name -and $_.Void }).Count
            Seconds          = if ($moves) { Get-Median $times }
            SecondsLeast     = if ($moves) { ($times | Measure-Object -Minimum).Minimum }
            SecondsMost      = if ($moves) { ($times | Measure-Object -Maximum).Maximum }
            AverageSeconds   = if ($moves) { Get-Median @($mine | ForEach-Object { ($_.VMs | Measure-Object Seconds -Average).Average }) }
            OfLimit          = if ($moves) { (Get-Median $times) / $limit }
            Bytes            = if ($moves) { Get-Median @($mine | ForEach-Object { ($_.VMs | Measure-Object Bytes -Sum).Sum }) }
            DowntimeSeconds  = if ($moves) { Get-Median @($mine | ForEach-Object { ($_.VMs | Measure-Object DowntimeSeconds -Maximum).Maximum }) }
            Throughput       = Get-Median @($mine.During)
            ThroughputLeast  = ($mine.During | Measure-Object -Minimum).Minimum
            ThroughputMost   = ($mine.During | Measure-Object -Maximum).Maximum
            # What the applications did not get while VMs moved, in what throughput counts times seconds.
            Lost             = if ($moves) { Get-Median @($mine | ForEach-Object { ($undisturbed - $_.During) * $_.Seconds }) }
            PredictedRatio   = if ($mine[0].PredictedSeconds) { Get-Median @($mine | ForEach-Object { $_.PredictedSeconds / $_.Seconds }) }
            Techniques       = @($mine | ForEach-Object { ($_.VMs | Sort-Object VMName | ForEach-Object { "$($_.VMName) $($_.Technique)" }) -join ', ' } | Group-Object | ForEach-Object { "$($_.Count) x $($_.Name)" })
        }
    }
}

# The summary as a table in Markdown.
function Format-EvaluationSummary($Summary, [string] $Unit, $Suite) {
    $known = Get-Strategy $Suite
    $scale = $Unit -eq 'Mbps' ? 1e6 : 1
    $range = { param($Least, $Most) $null -eq $Least ? '-' : "$(& $number $Least '0.0') to $(& $number $Most '0.0')" }
    $number = { param($Value, $Format) $null -eq $Value -or [double]::IsNaN($Value) ? '-' : ([double]$Value).ToString($Format, [cultureinfo]::InvariantCulture) }
    "| strategy | TMT, s | least to most | average, s | of the limit | moved, MB | downtime, s | $Unit during | least to most | lost | predicted / measured | runs |"
    '|---|---|---|---|---|---|---|---|---|---|---|---|'
    foreach ($row in $Summary) {
        $lost = $null -eq $row.Lost ? '-' : $Unit -eq 'Mbps' ? (& $number ([math]::Round($row.Lost / 8e6, [MidpointRounding]::AwayFromZero) + 0) '0 MB') : (& $number $row.Lost '0')
        "| $($known[$row.Strategy]) | $(& $number $row.Seconds '0.0') | $(& $range $row.SecondsLeast $row.SecondsMost) | $(& $number $row.AverageSeconds '0.0') | " +
        "$(& $number $row.OfLimit '0.00') | $(& $number ($null -eq $row.Bytes ? $null : $row.Bytes / 1e6) '0') | $(& $number $row.DowntimeSeconds '0.00') | " +
        "$(& $number ($row.Throughput / $scale) '0.0') | $(& $range ($row.ThroughputLeast / $scale) ($row.ThroughputMost / $scale)) | $lost | " +
        "$(& $number $row.PredictedRatio '0.00') | $($row.Runs)$($row.Void ? ", $($row.Void) void" : '') |"
    }
}

Export-ModuleMember -Function Get-EvaluationSummary, Format-EvaluationSummary
