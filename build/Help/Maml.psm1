# Pages (Page.psm1) as MAML, which Get-Help reads: element by element what Export-MamlCommandHelp of PlatyPS 1.0 makes of them.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$root = [Xml.Linq.XNamespace]'http://msh'
$namespaces = @{
    maml = [Xml.Linq.XNamespace]'http://schemas.microsoft.com/maml/2004/10'
    command = [Xml.Linq.XNamespace]'http://schemas.microsoft.com/maml/dev/command/2004/10'
    dev = [Xml.Linq.XNamespace]'http://schemas.microsoft.com/maml/dev/2004/10'
}

$names = @{}

# A name as it stands in MAML, as one for .NET.
function Get-MamlName([string] $Name) {
    if (-not $names[$Name]) {
        $prefix, $local = $Name -split ':'
        $names[$Name] = $namespaces[$prefix] + $local
    }

    $names[$Name]
}

# An element of elements, attributes and text; what is $null is left out.
function New-Element([string] $Name) {
    $element = [Xml.Linq.XElement]::new((Get-MamlName $Name))
    # One after the other, as PowerShell would hand over a list of wrapped objects.
    foreach ($content in $args) {
        foreach ($part in $content) {
            if ($null -ne $part) {
                $element.Add($part)
            }
        }
    }

    , $element
}

function New-Attribute([Collections.IDictionary] $Values) {
    foreach ($name in $Values.Keys) {
        [Xml.Linq.XAttribute]::new($name, $Values[$name])
    }
}

function New-Text([string] $Name, [string[]] $Paragraphs) {
    New-Element $Name ($Paragraphs | Where-Object { $_ } | ForEach-Object { New-Element maml:para $_ })
}

function Split-Paragraph([string] $Text) {
    $Text -split '\n{2,}' | ForEach-Object Trim | Where-Object { $_ }
}

# The MAML of all pages.
function ConvertTo-Maml([object[]] $Pages) {
    $items = [Xml.Linq.XElement]::new($root + 'helpItems')
    $namespaces.GetEnumerator() | Sort-Object Key | ForEach-Object { $items.Add([Xml.Linq.XAttribute]::new([Xml.Linq.XNamespace]::Xmlns + $_.Key, $_.Value.NamespaceName)) }
    $items.Add([Xml.Linq.XAttribute]::new('schema', 'maml'))
    $Pages | ForEach-Object { $items.Add((ConvertTo-Command $_)) }
    , [Xml.Linq.XDocument]::new($items)
}

function ConvertTo-Command($Page) {
    $facts = $Page.Facts
    $verb, $noun = $facts.Name -split '-'
    $parameters = @{}
    $Page.Parameters | ForEach-Object { $parameters[$_.Name] = $_ }
    New-Element command:command @(
        New-Element command:details (New-Element command:name $facts.Name) (New-Text maml:description $Page.Synopsis) (New-Element command:verb $verb) (New-Element command:noun $noun)
        New-Text maml:description $Page.Description
        New-Element command:syntax ($facts.Syntax | ForEach-Object { ConvertTo-SyntaxItem $_ $facts.Name $parameters })
        New-Element command:parameters ($Page.Parameters | ForEach-Object { ConvertTo-Parameter $_ })
        New-Element command:inputTypes ($Page.Inputs.GetEnumerator() | ForEach-Object { ConvertTo-Value command:inputType $_ })
        New-Element command:returnValues ($Page.Outputs.GetEnumerator() | ForEach-Object { ConvertTo-Value command:returnValue $_ })
        New-Element maml:alertSet (New-Text maml:alert $Page.Notes)
        New-Element command:examples ($Page.Examples.GetEnumerator() | ForEach-Object { ConvertTo-Example $_ })
        New-Element command:relatedLinks (New-Link 'Online Version' $facts.HelpUri) ([regex]::Matches($Page.Links, '\[(.+?)\]\((.+?)\)') | ForEach-Object { New-Link $_.Groups[1].Value $_.Groups[2].Value })
    )
}

function ConvertTo-SyntaxItem($Set, [string] $Name, [hashtable] $Parameters) {
    New-Element command:syntaxItem (New-Element maml:name $Name) ($Set.Parameters | ForEach-Object {
            $syntax = $_
            $parameter = $Parameters[$syntax.Name]
            # Of a switch PlatyPS tells its type only.
            $isSwitch = -not $syntax.Type
            New-Element command:parameter @(
                New-Attribute ([ordered]@{ required = $syntax.IsRequired; variableLength = $false; globbing = $false; pipelineInput = $false; position = $syntax.Position; aliases = $isSwitch ? 'none' : (Format-Alias $parameter) })
                New-Element maml:name $syntax.Name
                New-Element maml:description
                if (-not $isSwitch) {
                    New-ValueGroup $parameter
                    New-Value $syntax.Type @{ required = $true; variableLength = $false }
                }
                New-Element dev:type (New-Element maml:name $parameter.Type)
            )
        })
}

function ConvertTo-Parameter($Parameter) {
    $sources = @(if ($Parameter.Sets.ValueFromPipeline -contains $true) { 'ByValue' }; if ($Parameter.Sets.ValueFromPipelineByPropertyName -contains $true) { 'ByPropertyName' })
    New-Element command:parameter @(
        New-Attribute ([ordered]@{
                required = $Parameter.Sets.IsRequired -contains $true; variableLength = $false; globbing = $Parameter.Wildcards
                pipelineInput = $sources ? "true ($($sources -join ', '))" : 'false'; position = $Parameter.Sets[0].Position; aliases = Format-Alias $Parameter
            })
        New-Element maml:name $Parameter.Name
        New-Text maml:description (Split-Paragraph $Parameter.Text)
        New-ValueGroup $Parameter
        if ($Parameter.Type -ne 'System.Management.Automation.SwitchParameter') {
            New-Value $Parameter.Type @{ required = $true; variableLength = $true }
        }

        New-Element dev:type (New-Element maml:name $Parameter.Type)
    )
}

function Format-Alias($Parameter) {
    $Parameter.Aliases ? $Parameter.Aliases -join ', ' : 'none'
}

function New-ValueGroup($Parameter) {
    if ($Parameter.AcceptedValues) {
        New-Element command:parameterValueGroup ($Parameter.AcceptedValues | ForEach-Object { New-Value $_ @{ required = $false; variableLength = $false } })
    }
}

function New-Value([string] $Text, [hashtable] $Flags) {
    New-Element command:parameterValue (New-Attribute ([ordered]@{ required = $Flags.required; variableLength = $Flags.variableLength })) $Text
}

function ConvertTo-Value([string] $Name, [Collections.DictionaryEntry] $Entry) {
    New-Element $Name (New-Element dev:type (New-Element maml:name $Entry.Key)) (New-Text maml:description $Entry.Value)
}

function ConvertTo-Example([Collections.DictionaryEntry] $Entry) {
    New-Element command:example (New-Element maml:title "--------- $($Entry.Key) ---------") (New-Text maml:introduction (Split-Paragraph $Entry.Value)) (New-Element dev:code) (New-Element dev:remarks)
}

function New-Link([string] $Text, [string] $Uri) {
    New-Element maml:navigationLink (New-Element maml:linkText $Text) (New-Element maml:uri $Uri)
}

# What PlatyPS leaves to be done, in its MAML or in ours: an example's code in its own element and without Markdown's
# fences, the parameters' defaults, and links that lead somewhere from a console.
function Complete-Maml([Xml.Linq.XDocument] $Maml, [object[]] $Pages) {
    foreach ($command in $Maml.Root.Elements((Get-MamlName command:command))) {
        $name = $command.Element((Get-MamlName command:details)).Element((Get-MamlName command:name)).Value
        $page = $Pages | Where-Object { $_.Facts.Name -eq $name }
        $command.Descendants((Get-MamlName command:example)) | ForEach-Object { Split-ExampleCode $_ }
        foreach ($parameter in $command.Element((Get-MamlName command:parameters)).Elements()) {
            $default = ($page.Parameters | Where-Object Name -EQ $parameter.Element((Get-MamlName maml:name)).Value).Default
            if ($default) {
                $parameter.Add((New-Element dev:defaultValue $default))
            }
        }

        foreach ($uri in $command.Descendants((Get-MamlName maml:uri))) {
            $uri.Value = [uri]::new([uri]$page.Facts.HelpUri, $uri.Value).AbsoluteUri
        }
    }
}

function Split-ExampleCode([Xml.Linq.XElement] $Example) {
    $introduction = $Example.Element((Get-MamlName maml:introduction))
    # PlatyPS puts a control character between paragraphs, so that they do not run together on a screen.
    $text = @($introduction.Elements() | ForEach-Object Value | Where-Object { $_ -and $_ -ne "`u{80}" }) -join "`n`n"
    $before, $code, $after = $text -split '(?s)```powershell\n(.*?)\n```', 2
    $output = $after -replace '(?m)^```\w*\n?'
    # The code comes first on the screen, and an introduction would run into it.
    $introduction.RemoveNodes()
    $Example.Element((Get-MamlName dev:code)).Value = "$code"
    $Example.Element((Get-MamlName dev:remarks)).ReplaceWith((New-Text dev:remarks (Split-Paragraph "$before`n`n$output")))
}

function Save-Maml([Xml.Linq.XDocument] $Maml, [string] $Path) {
    $settings = [Xml.XmlWriterSettings]@{ Indent = $true; Encoding = [Text.UTF8Encoding]::new($false); NewLineChars = "`n" }
    $writer = [Xml.XmlWriter]::Create($Path, $settings)
    try {
        $Maml.Save($writer)
    }
    finally {
        $writer.Dispose()
    }
}

Export-ModuleMember -Function ConvertTo-Maml, Complete-Maml, Save-Maml
