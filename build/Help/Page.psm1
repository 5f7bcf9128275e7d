# A cmdlet's page in docs/cmdlets: its prose is read from the file, and the page is written from prose and facts (Facts.psm1).
# The form is the one that PlatyPS 1.0 reads and writes (schema 2024-05-01), blank lines included.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$fence = '```'
$commonParameters = @'
This cmdlet supports the common parameters: -Debug, -ErrorAction, -ErrorVariable,
-InformationAction, -InformationVariable, -OutBuffer, -OutVariable, -PipelineVariable,
-ProgressAction, -Verbose, -WarningAction, and -WarningVariable. For more information, see
[about_CommonParameters](https://go.microsoft.com/fwlink/?LinkID=113216).
'@

# What PlatyPS, too, puts where something is to be written; Help.Tests.ps1 lets none of it pass.
function Get-Placeholder([string] $What) {
    switch ($What) {
        '-Confirm' { 'Prompts you for confirmation before running the cmdlet.' }
        '-WhatIf' { 'Runs the command in a mode that only reports what would happen without performing the actions.' }
        default { "{{ Fill $($What.TrimStart('-')) Description }}" }
    }
}

# The texts below a text's headings of one level, by heading. A line of a code block is no heading.
function Split-Section([string] $Text, [int] $Level) {
    $sections = [ordered]@{}
    $heading = $null
    $isCode = $false
    foreach ($line in $Text -split '\r?\n') {
        if ($line.StartsWith($fence)) {
            $isCode = -not $isCode
        }

        if (-not $isCode -and $line -match "^#{$Level} (?<heading>.+)") {
            $heading = $Matches.heading.Trim()
            $sections[$heading] = ''
        }
        elseif ($null -ne $heading) {
            $sections[$heading] += "$line`n"
        }
    }

    foreach ($name in @($sections.Keys)) {
        $sections[$name] = $sections[$name].Trim()
    }

    $sections
}

# The prose of a page; of one that is not there yet, what is to be filled in.
function Read-Page([string] $Path) {
    if (-not (Test-Path $Path)) {
        return [pscustomobject]@{
            Date = [datetime]::Now.ToString('MM/dd/yyyy', [cultureinfo]::InvariantCulture)
            Synopsis = Get-Placeholder Synopsis
            Description = Get-Placeholder Description
            Examples = [ordered]@{ "Example 1 - $(Get-Placeholder Title)" = Get-Placeholder Example }
            Parameters = [ordered]@{}
            Inputs = [ordered]@{}
            Outputs = [ordered]@{}
            Notes = ''
            Links = Get-Placeholder Links
        }
    }

    $text = Get-Content $Path -Raw
    $sections = Split-Section $text 2
    $parameters = Split-Section $sections['PARAMETERS'] 3
    $parameters.Remove('CommonParameters')
    foreach ($name in @($parameters.Keys)) {
        $parameters[$name] = ($parameters[$name] -split '(?m)^```yaml')[0].Trim()
    }

    [pscustomobject]@{
        Date = [regex]::Match($text, '(?m)^ms\.date: (.*)$').Groups[1].Value.Trim()
        Synopsis = $sections['SYNOPSIS']
        Description = $sections['DESCRIPTION']
        Examples = Split-Section $sections['EXAMPLES'] 3
        Parameters = $parameters
        Inputs = Split-Section $sections['INPUTS'] 3
        Outputs = Split-Section $sections['OUTPUTS'] 3
        Notes = $sections['NOTES']
        Links = $sections['RELATED LINKS']
    }
}

# Prose and facts as one: each parameter, input and output of the facts has its text, or a placeholder. What the cmdlet
# has no longer is left out; of inputs and outputs more may be told than it declares.
function Join-Page($Prose, $Facts) {
    $parameters = foreach ($parameter in $Facts.Parameters) {
        $known = $Prose.Parameters["-$($parameter.Name)"]
        $parameter | Select-Object *, @{ Name = 'Text'; Expression = { $known ? $known : (Get-Placeholder "-$($parameter.Name)") } }
    }

    foreach ($side in 'Inputs', 'Outputs') {
        foreach ($type in $Facts.$side | Where-Object { -not $Prose.$side.Contains($_) }) {
            $Prose.$side[$type] = Get-Placeholder $type
        }
    }

    $Prose | Select-Object *, @{ Name = 'Facts'; Expression = { $Facts } } -ExcludeProperty Parameters |
        Add-Member Parameters @($parameters) -PassThru
}

# The page's text.
function Format-Page($Page) {
    $facts = $Page.Facts
    $blocks = @(
        @(
            '---', 'document type: cmdlet', "external help file: $($facts.HelpFile)", "HelpUri: $($facts.HelpUri)", 'Locale: en-US'
            "Module Name: $($facts.Module)", "ms.date: $($Page.Date)", 'PlatyPS schema version: 2024-05-01', "title: $($facts.Name)", '---'
        ) -join "`n"
        "# $($facts.Name)"
        '## SYNOPSIS', $Page.Synopsis
        '## SYNTAX'
        $facts.Syntax | ForEach-Object { "### $($_.Name)$($_.IsDefault ? ' (Default)' : '')", ($fence, $_.Text, $fence -join "`n") }
        '## ALIASES', $facts.Aliases
        '## DESCRIPTION', $Page.Description
        '## EXAMPLES', (Format-Section $Page.Examples)
        '## PARAMETERS'
        $Page.Parameters | ForEach-Object { "### -$($_.Name)", $_.Text, (Format-ParameterBlock $_) }
        '### CommonParameters', $commonParameters
        '## INPUTS', (Format-Section $Page.Inputs)
        '## OUTPUTS', (Format-Section $Page.Outputs)
        '## NOTES', $Page.Notes
        '## RELATED LINKS', $Page.Links
    )
    ($blocks | ForEach-Object { $_ } | Where-Object { $_ }) -join "`n`n"
}

function Format-Section([Collections.IDictionary] $Sections) {
    $Sections.GetEnumerator() | ForEach-Object { "### $($_.Key)", $_.Value }
}

function Format-ParameterBlock($Parameter) {
    $sets = $Parameter.Sets | ForEach-Object {
        "- Name: $($_.Name)"
        "  Position: $($_.Position)"
        foreach ($flag in 'IsRequired', 'ValueFromPipeline', 'ValueFromPipelineByPropertyName', 'ValueFromRemainingArguments') {
            "  ${flag}: $("$($_.$flag)".ToLowerInvariant())"
        }
    }
    @(
        '```yaml'
        "Type: $($Parameter.Type)"
        "DefaultValue: $(Format-Scalar $Parameter.Default)"
        "SupportsWildcards: $("$($Parameter.Wildcards)".ToLowerInvariant())"
        Format-List Aliases $Parameter.Aliases
        'ParameterSets:'
        $sets
        'DontShow: false'
        Format-List AcceptedValues $Parameter.AcceptedValues
        "HelpMessage: ''"
        '```'
    ) -join "`n"
}

function Format-List([string] $Name, [string[]] $Values) {
    if (-not $Values) {
        return "${Name}: []"
    }

    "${Name}:"
    $Values | ForEach-Object { "- $(Format-Scalar $_)" }
}

# YAML, as its writers quote it: the empty text, and what begins with a character that means something.
function Format-Scalar([string] $Value) {
    $Value -match '^$|^[-?:,\[\]{}#&*!|>''"%@`]|: | #' ? "'$($Value -replace "'", "''")'" : $Value
}

Export-ModuleMember -Function Split-Section, Read-Page, Join-Page, Format-Page
