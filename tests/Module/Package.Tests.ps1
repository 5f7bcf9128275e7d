BeforeAll {
    Import-Module "$PSScriptRoot/../../build/Build.psm1"
    $package = Compress-Module (New-Item "$TestDrive/repository" -ItemType Directory).FullName | Select-Object -Last 1
    $built = Split-Path (Get-Module TrafficMigration).Path
}

AfterAll {
    Remove-Module Build
}

Describe 'The package' {
    It 'names its version, and holds licence, notices, SBOM and no part of the build' {
        $package.Name | Should -Be "TrafficMigration.$((Get-Module TrafficMigration).Version).nupkg"
        $zip = [IO.Compression.ZipFile]::OpenRead($package.FullName)
        try { $names = $zip.Entries.FullName } finally { $zip.Dispose() }
        'TrafficMigration.psd1', 'TrafficMigration.dll', 'Ssh/Renci.SshNet.dll', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'TrafficMigration.cdx.json' |
            ForEach-Object { $names | Should -Contain $_ }
        $names -match '\.(cs|csproj|md)$' | Should -BeNullOrEmpty
    }

    It 'lists every assembly that is not ours in its SBOM, with the version that ships, and in its notices' {
        $deps = (Get-Content "$built/Ssh/TrafficMigration.Ssh.deps.json" | ConvertFrom-Json -AsHashtable).libraries
        $shipped = $deps.Keys | Where-Object { $deps[$_].type -eq 'package' } | Sort-Object
        $sbom = (Get-Content "$built/TrafficMigration.cdx.json" | ConvertFrom-Json).components
        $sbom | ForEach-Object { "$($_.name)/$($_.version)" } | Where-Object { $_ -notlike 'TrafficMigration*' } | Sort-Object | Should -Be $shipped
        $notices = Get-Content "$built/THIRD-PARTY-NOTICES.txt" -Raw
        $shipped | ForEach-Object { $notices | Should -Match ([regex]::Escape(($_ -split '/')[0])) }
        Get-ChildItem "$built/Ssh/*.dll" -Exclude TrafficMigration* | ForEach-Object { $notices | Should -Match ([regex]::Escape($_.Name)) }
    }

    It 'installs from a repository into a pwsh that has never seen it, and works there' {
        $script = @"
            `$ErrorActionPreference = 'Stop'
            Register-PSResourceRepository -Name local -Uri '$($package.DirectoryName)' -Trusted
            Install-PSResource TrafficMigration -Repository local -Scope CurrentUser
            (Get-Module TrafficMigration -ListAvailable).ModuleBase
            (Import-Csv '$PSScriptRoot/../../examples/published-example.csv' | Get-MigrationPlan -Destination kvm2 -NoProbe).Technique
"@
        $old = $env:HOME, $env:XDG_DATA_HOME, $env:XDG_CONFIG_HOME, $env:PSModulePath
        $env:HOME = (New-Item "$TestDrive/home" -ItemType Directory).FullName
        $env:XDG_DATA_HOME = $env:XDG_CONFIG_HOME = $env:PSModulePath = $null
        try {
            $said = & (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -Command $script
        }
        finally {
            $env:HOME, $env:XDG_DATA_HOME, $env:XDG_CONFIG_HOME, $env:PSModulePath = $old
        }

        $said[0] | Should -BeLike "$TestDrive/home/*/TrafficMigration/*"
        $said[1..2] | Should -Be PostCopy, PreCopy
    }
}
