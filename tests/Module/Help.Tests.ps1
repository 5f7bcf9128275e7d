# docs/cmdlets is the help's source, en-US what Get-Help reads. Where one of these tests says that something is not current:
# ./build.sh Help.
BeforeDiscovery {
    Import-Module "$PSScriptRoot/../Examples.psm1"
    $cmdlets = Get-Command -Module TrafficMigration -CommandType Cmdlet | ForEach-Object { @{ Name = $_.Name } }
    $examples = Get-HelpExample | Where-Object { -not $_.NeedsHost }
}

BeforeAll {
    Import-Module "$PSScriptRoot/../Examples.psm1", "$PSScriptRoot/../../build/Help/Help.psm1", "$PSScriptRoot/../../build/Help/Maml.psm1"
    $folder = "$PSScriptRoot/../../docs/cmdlets"
    $language = "$PSScriptRoot/../../en-US"
    $pages = Get-CmdletPage $folder
    $examples = Get-HelpExample

    # Text and elements, however they are laid out.
    function Get-MamlText([Xml.Linq.XDocument] $Maml) {
        $Maml.Root.Elements() | ForEach-Object { $_.ToString() -replace '\s+', ' ' -replace '> | <', '|' }
    }
}

Describe 'The pages of the help' {
    It 'are one a cmdlet, and one about the module' {
        (Get-ChildItem $folder).BaseName | Sort-Object | Should -Be (@((Get-Command -Module TrafficMigration).Name) + 'TrafficMigration' | Sort-Object)
    }

    It 'are what is made of them and of the loaded module anew' {
        Copy-Item $folder "$TestDrive/pages" -Recurse
        Update-CmdletMarkdown "$TestDrive/pages"
        foreach ($page in Get-ChildItem "$TestDrive/pages") {
            Get-Content $page -Raw | Should -BeExactly (Get-Content "$folder/$($page.Name)" -Raw) -Because "$($page.Name) must be current; ./build.sh Help makes it so"
        }
    }

    It 'leave nothing to be filled in: <Name>' -ForEach $cmdlets {
        Get-Content "$folder/$Name.md" -Raw | Should -Not -Match '\{\{'
        $page = $pages | Where-Object { $_.Facts.Name -eq $Name }
        $page.Parameters | ForEach-Object { $_.Text.Length | Should -BeGreaterThan 10 -Because "-$($_.Name) is described" }
        # On one line each: where PlatyPS updates a page, it takes a text that Get-Help lays out otherwise for another one, and adds it.
        $page.Parameters | Where-Object { $_.Text -match '\n' } | Should -BeNullOrEmpty
        $page.Synopsis | Should -Not -Match '\n'
    }

    It 'have three examples or more, each with code that can be parsed: <Name>' -ForEach $cmdlets {
        $own = @($examples | Where-Object Cmdlet -EQ $Name)
        $own.Count | Should -BeGreaterOrEqual 3
        foreach ($example in $own) {
            $problems = $null
            $null = [Management.Automation.Language.Parser]::ParseInput($example.Code, [ref] $null, [ref] $problems)
            $problems | Should -BeNullOrEmpty
            $example.Code | Should -Match $Name
        }
    }

    It 'are where Get-Help -Online leads: <Name>' -ForEach $cmdlets {
        $page = Get-Content "$folder/$Name.md" -Raw
        (Get-Command $Name).ImplementingType.GetCustomAttributes([Management.Automation.CmdletAttribute], $false).HelpUri | Should -Be ([regex]::Match($page, '(?m)^HelpUri: (.+)$').Groups[1].Value)
    }

    It 'begin as ones to be filled in, where a cmdlet or a parameter is new' {
        Update-CmdletMarkdown "$TestDrive/new"
        Get-Content "$TestDrive/new/Get-HostTraffic.md" -Raw | Should -Match '(?s)## SYNOPSIS\n\n\{\{.*### -HostName\n\n\{\{'
        $text = (Get-Content "$folder/Get-HostTraffic.md" -Raw) -replace '(?s)### -Port.*(?=### -SampleCount)'
        Set-Content "$TestDrive/new/Get-HostTraffic.md" $text
        Update-CmdletMarkdown "$TestDrive/new"
        [regex]::Matches((Get-Content "$TestDrive/new/Get-HostTraffic.md" -Raw), '\{\{.*?\}\}').Value | Should -Be '{{ Fill Port Description }}'
    }
}

Describe 'The help file' {
    BeforeAll {
        $maml = ConvertTo-Maml $pages
        Complete-Maml $maml $pages
        $committed = [Xml.Linq.XDocument]::Load("$language/TrafficMigration.dll-Help.xml")
    }

    It 'is what the pages say' {
        Get-MamlText $committed | Should -Be (Get-MamlText $maml) -Because './build.sh Help makes it so'
    }

    It 'is the same from what PlatyPS makes, which leaves code in an example''s text and a control character between paragraphs' {
        $page = $pages | Where-Object { $_.Facts.Name -eq 'Get-HostTraffic' }
        $theirs = ConvertTo-Maml $page
        $paragraphs = @($theirs.Descendants() | Where-Object { $_.Name.LocalName -eq 'para' -and $_.Parent.Name.LocalName -eq 'introduction' -and $_.ElementsAfterSelf() })
        $paragraphs.Count | Should -BeGreaterOrEqual 3
        $paragraphs | ForEach-Object { $_.AddAfterSelf([Xml.Linq.XElement]::new($_.Name, "`u{80}")) }
        Complete-Maml $theirs $page
        Get-MamlText $theirs | Should -Be (Get-MamlText $maml | Where-Object { $_ -match '<command:name>Get-HostTraffic<' })
    }

    It 'is what Get-Help shows: <Name>' -ForEach $cmdlets {
        $page = $pages | Where-Object { $_.Facts.Name -eq $Name }
        $help = Get-Help $Name -Full
        $help.Synopsis | Should -Be $page.Synopsis
        $help.description.Text | Should -Match ([regex]::Escape(($page.Description -split '\n')[0]))
        $help.parameters.parameter.name | Should -Be $page.Parameters.Name
        foreach ($parameter in $help.parameters.parameter) {
            $parameter.description.Text | Should -Be ($page.Parameters | Where-Object Name -EQ $parameter.name).Text
        }

        $help.examples.example.code | Should -Be @(($examples | Where-Object Cmdlet -EQ $Name).Code)
        @($help.relatedLinks.navigationLink)[0].uri | Should -Be $page.Facts.HelpUri
    }
}

Describe 'about_TrafficMigration' {
    It 'is found, fits 80 columns and names every cmdlet' {
        $about = (Get-Help about_TrafficMigration) -join "`n"
        $about | Should -Match 'about_TrafficMigration'
        (Get-Content "$language/about_TrafficMigration.help.txt" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        Get-Command -Module TrafficMigration | ForEach-Object { $about | Should -Match $_.Name }
    }
}

Describe 'The examples that need no host' {
    BeforeAll {
        $state = $env:XDG_STATE_HOME
        $env:XDG_STATE_HOME = "$TestDrive/state"
        $place = (New-Item "$TestDrive/place" -ItemType Directory).FullName
        $null = New-Item "$TestDrive/state/trafficmigration" -ItemType Directory
        Copy-Item "$PSScriptRoot/Recorded/*" "$TestDrive/state/trafficmigration" -Include *.jsonl, *.series
        Copy-Item "$PSScriptRoot/../../examples/rack-rates.csv" "$place/rates.csv"
        Copy-Item "$PSScriptRoot/../../examples/rack-hosts.csv" "$place/hosts.csv"
    }

    BeforeEach {
        Import-Csv "$place/rates.csv" | Get-MigrationPlan -Destination kvm7 -NoProbe | Export-Clixml "$place/plan.xml"
    }

    AfterAll {
        $env:XDG_STATE_HOME = $state
    }

    It '<Cmdlet>, <Title>' -ForEach $examples {
        $said = @(Invoke-HelpExample $_ $place)
        $said | Where-Object { $_ -is [Management.Automation.ErrorRecord] } | Should -BeNullOrEmpty
        if ($Shown) {
            ($said | Out-String -Width 100).Trim() -replace ' +(?=\n)' | Should -Be $Shown.Trim()
        }
    }
}
