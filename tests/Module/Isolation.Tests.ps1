BeforeAll {
    Import-Module "$PSScriptRoot/Sshd.psm1"
    $sshd = Start-TestSshd (New-Item "$TestDrive/home" -ItemType Directory).FullName
}

AfterAll {
    Stop-TestSshd $sshd
}

Describe 'Beside another SSH.NET' {
    It 'that was loaded first, the module uses its own' {
        $packages = $env:NUGET_PACKAGES ? $env:NUGET_PACKAGES : "$($sshd.OldHome)/.nuget/packages"
        $script = @"
            Add-Type -Path '$packages/ssh.net/2024.2.0/lib/net8.0/Renci.SshNet.dll'
            `$other = [Renci.SshNet.SshClient].Assembly.GetName().Version
            Import-Module '$((Get-Module TrafficMigration).Path)'
            (New-KvmHostSession kvm1).State
            [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { `$_.GetName().Name -eq 'Renci.SshNet' } |
                ForEach-Object { "`$(`$_.GetName().Version.Major) in `$([Runtime.Loader.AssemblyLoadContext]::GetLoadContext(`$_).Name)" } | Sort-Object
            # The other module's types are what they were.
            [Renci.SshNet.SshClient].Assembly.GetName().Version -eq `$other
"@
        & (Get-Command pwsh -CommandType Application)[0].Source -NoProfile -NonInteractive -Command $script |
            Should -Be 'Opened', '2024 in Default', '2026 in TrafficMigration.Ssh', 'True'
    }
}
