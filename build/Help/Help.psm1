# The module's help: docs/cmdlets is its source, en-US what Get-Help reads. Prose is written by hand, all that a loaded
# module says of itself is written by Update-CmdletMarkdown.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Import-Module $PSScriptRoot/Facts.psm1, $PSScriptRoot/Page.psm1, $PSScriptRoot/Maml.psm1

# Each exported cmdlet's page, prose and facts together, by name. A new cmdlet's page is one to be filled in.
function Get-CmdletPage([string] $Folder, [string] $Module = 'TrafficMigration') {
    Get-Command -Module $Module -CommandType Cmdlet | Sort-Object Name | ForEach-Object {
        Join-Page (Read-Page "$Folder/$($_.Name).md") (Get-CmdletFact $_)
    }
}

# Writes the pages anew: prose as it is, the rest as the loaded module has it. A page whose cmdlet is gone is removed.
function Update-CmdletMarkdown([string] $Folder, [string] $Module = 'TrafficMigration') {
    $null = New-Item $Folder -ItemType Directory -Force
    $pages = @(Get-CmdletPage $Folder $Module)
    $pages | ForEach-Object { Set-Content "$Folder/$($_.Facts.Name).md" (Format-Page $_) }
    Set-Content "$Folder/$Module.md" (Format-ModulePage $pages "$Folder/$Module.md")
    Get-ChildItem $Folder -Filter *-*.md | Where-Object BaseName -NotIn $pages.Facts.Name | Remove-Item
}

# The page about the module: its description is written by hand, the list of cmdlets is made.
function Format-ModulePage([object[]] $Pages, [string] $Path) {
    $prose = Read-Page $Path
    $module = Get-Module $Pages[0].Facts.Module
    $description = (Test-Path $Path) ? (Split-Section (Get-Content $Path -Raw) 2)['Description'] : $prose.Description
    @(
        @(
            '---', 'document type: module', "HelpInfoUri: ''", 'Locale: en-US', "Module Guid: $($module.Guid)", "Module Name: $($module.Name)"
            "ms.date: $($prose.Date)", 'PlatyPS schema version: 2024-05-01', "title: $($module.Name) Module", '---'
        ) -join "`n"
        "# $($module.Name) Module"
        '## Description', $description
        "## $($module.Name) Cmdlets"
        $Pages | ForEach-Object { "### [$($_.Facts.Name)]($($_.Facts.Name).md)", $_.Synopsis }
    ) -join "`n`n"
}

# Writes the MAML of the pages: by PlatyPS where it is installed, else by our own writer.
function Export-CmdletHelp([string] $Folder, [string] $OutFolder, [string] $Module = 'TrafficMigration') {
    $null = New-Item $OutFolder -ItemType Directory -Force
    $pages = @(Get-CmdletPage $Folder $Module)
    $maml = (Get-Module Microsoft.PowerShell.PlatyPS -ListAvailable) ? (Convert-ByPlatyPS $Folder $pages) : (ConvertTo-Maml $pages)
    Complete-Maml $maml $pages
    Save-Maml $maml "$OutFolder/$($pages[0].Facts.HelpFile)"
}

function Convert-ByPlatyPS([string] $Folder, [object[]] $Pages) {
    Import-Module Microsoft.PowerShell.PlatyPS
    $temporary = [IO.Directory]::CreateTempSubdirectory('help-').FullName
    try {
        $file = $Pages.Facts.Name | ForEach-Object { Import-MarkdownCommandHelp -Path "$Folder/$_.md" } |
            Export-MamlCommandHelp -OutputFolder $temporary -Force
        , [Xml.Linq.XDocument]::Load($file.FullName)
    }
    finally {
        Remove-Item $temporary -Recurse
    }
}

Export-ModuleMember -Function Get-CmdletPage, Update-CmdletMarkdown, Export-CmdletHelp
