# What a loaded cmdlet says of itself: the mechanical parts of its page and of its MAML.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

function Get-CmdletFact([Management.Automation.CmdletInfo] $Cmdlet) {
    $module = $Cmdlet.Module
    [pscustomobject]@{
        Name = $Cmdlet.Name
        Module = $module.Name
        HelpFile = Split-Path $Cmdlet.HelpFile -Leaf
        HelpUri = "$($module.PrivateData.PSData.ProjectUri)/blob/main/docs/cmdlets/$($Cmdlet.Name).md"
        Aliases = (Get-Alias | Where-Object Definition -EQ $Cmdlet.Name | ForEach-Object Name) -join ', '
        Syntax = @($Cmdlet.ParameterSets | ForEach-Object {
                [pscustomobject]@{ Name = $_.Name; IsDefault = $_.IsDefault; Text = Format-Syntax $Cmdlet.Name $_; Parameters = @(Get-SyntaxParameter $_) }
            })
        Parameters = @(Get-ParameterFact $Cmdlet)
        # The types of all that binds from the pipeline, each once.
        Inputs = @($Cmdlet.Parameters.Values | Where-Object { $_.ParameterSets.Values | Where-Object { $_.ValueFromPipeline -or $_.ValueFromPipelineByPropertyName } } |
                ForEach-Object { (Get-ValueType $_.ParameterType).FullName } | Select-Object -Unique)
        Outputs = @($Cmdlet.OutputType | ForEach-Object Name | Select-Object -Unique)
    }
}

# PowerShell's own syntax of a parameter set, in lines of at most 100 characters.
function Format-Syntax([string] $Name, [Management.Automation.CommandParameterSetInfo] $Set) {
    $lines = [Collections.Generic.List[string]]@($Name)
    foreach ($word in Split-Syntax $Set) {
        if ($lines[-1].Length + $word.Length + 1 -gt 100) {
            $lines.Add('')
        }

        $lines[-1] += " $word"
    }

    $lines -join "`n"
}

# The parameters of a set as words: '[-Name] <type>', '[-Switch]', '[<CommonParameters>]'.
function Split-Syntax([Management.Automation.CommandParameterSetInfo] $Set) {
    "$Set" -split ' (?=\[*-|\[<)'
}

# The parameters of a set in the order of its syntax, with the types as they stand there; without the common ones.
function Get-SyntaxParameter([Management.Automation.CommandParameterSetInfo] $Set) {
    $position = 0
    foreach ($word in Split-Syntax $Set | Where-Object { $_ -match '^\[*-(?<name>\w+)\]?(?: <(?<type>[^>]+)>)?' }) {
        $isPositional = $word -match '^\[+-\w+\] <'
        [pscustomobject]@{
            Name = [regex]::Match($word, '\w+').Value
            Type = [regex]::Match($word, '<(.+)>').Groups[1].Value
            IsRequired = $word -notmatch '^\[\[|^\[-\w+\]$|^\[-\w+ '
            Position = $isPositional ? "$position" : 'named'
        }
        $position += [int]$isPositional
    }
}

function Get-ParameterFact([Management.Automation.CmdletInfo] $Cmdlet) {
    # The defaults are what a new cmdlet object holds.
    $instance = [Activator]::CreateInstance($Cmdlet.ImplementingType)
    try {
        foreach ($parameter in $Cmdlet.Parameters.Values | Where-Object Name -NotIn ([Management.Automation.Cmdlet]::CommonParameters) | Sort-Object Name) {
            $sets = @($parameter.ParameterSets.GetEnumerator() | ForEach-Object {
                    [pscustomobject]@{
                        Name = $_.Key -eq '__AllParameterSets' ? '(All)' : $_.Key
                        Position = $_.Value.Position -eq [int]::MinValue ? 'Named' : "$($_.Value.Position)"
                        IsRequired = $_.Value.IsMandatory
                        ValueFromPipeline = $_.Value.ValueFromPipeline
                        ValueFromPipelineByPropertyName = $_.Value.ValueFromPipelineByPropertyName
                        ValueFromRemainingArguments = $_.Value.ValueFromRemainingArguments
                    }
                })
            $property = $Cmdlet.ImplementingType.GetProperty($parameter.Name)
            $value = Get-ValueType $parameter.ParameterType
            $single = $value.IsArray ? $value.GetElementType() : $value
            [pscustomobject]@{
                Name = $parameter.Name
                Type = Format-Type $parameter.ParameterType
                Default = ($property -and $sets.IsRequired -notcontains $true) ? (Format-Default $property.GetValue($instance)) : ''
                Wildcards = [bool]($parameter.Attributes | Where-Object { $_ -is [Management.Automation.SupportsWildcardsAttribute] })
                Aliases = @($parameter.Aliases)
                Sets = $sets
                AcceptedValues = @(if ($single.IsEnum) { [enum]::GetNames($single) })
            }
        }
    }
    finally {
        if ($instance -is [IDisposable]) {
            $instance.Dispose()
        }
    }
}

function Get-ValueType([type] $Type) {
    $bare = [Nullable]::GetUnderlyingType($Type)
    $bare ? $bare : $Type
}

# The full name; of a generic type as PlatyPS writes it.
function Format-Type([type] $Type) {
    $Type.IsGenericType ? "$($Type.GetGenericTypeDefinition().FullName)[$($Type.GenericTypeArguments.FullName -join ',')]" : $Type.FullName
}

function Format-Default($Value) {
    # A string in braces is made by the invariant culture.
    @($Value | ForEach-Object { "$_" }) -join ', '
}

Export-ModuleMember -Function Get-CmdletFact
