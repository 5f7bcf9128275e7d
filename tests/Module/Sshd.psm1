# A real sshd on a free port of the loopback address, and a home of its own for the user who connects to it.

function Start-TestSshd([Parameter(Mandatory)] [string] $Folder) {
    $null = New-Item "$Folder/.ssh" -ItemType Directory -Force
    foreach ($key in 'host', '.ssh/id_ed25519') {
        ssh-keygen -q -t ed25519 -N '' -C test -f "$Folder/$key"
    }

    Copy-Item "$Folder/.ssh/id_ed25519.pub" "$Folder/authorized_keys"
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    @"
ListenAddress 127.0.0.1
Port $port
HostKey $Folder/host
AuthorizedKeysFile $Folder/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
"@ | Set-Content "$Folder/sshd_config"
    if ([Environment]::IsPrivilegedProcess) {
        # sshd run by root wants this directory and does not make it.
        $null = New-Item /run/sshd -ItemType Directory -Force
    }

    $process = Start-Process /usr/sbin/sshd -ArgumentList '-D', '-e', '-f', "$Folder/sshd_config" -PassThru -RedirectStandardError "$Folder/log"
    $deadline = [DateTime]::UtcNow.AddSeconds(30)
    while ((Get-Content "$Folder/log" -Raw -ErrorAction Ignore) -notmatch 'listening' -and [DateTime]::UtcNow -lt $deadline) {
        Start-Sleep -Milliseconds 50
    }

    $name = "[127.0.0.1]:$port"
    "$name $((Get-Content "$Folder/host.pub") -split ' ' | Select-Object -First 2)" | Set-Content "$Folder/.ssh/known_hosts"
    @"
Host kvm1 kvm2 'not this'
    HostName 127.0.0.1
    Port $port
    IdentityFile $Folder/.ssh/id_ed25519
    IdentityAgent none
"@ | Set-Content "$Folder/.ssh/config"
    chmod 600 "$Folder/.ssh/config"
    [pscustomobject]@{ Process = $process; Port = $port; KnownHosts = "$Folder/.ssh/known_hosts"; Log = "$Folder/log"; Home = $Folder; OldHome = $env:HOME }
    $env:HOME = $Folder
}

function Stop-TestSshd($Sshd) {
    $env:HOME = $Sshd.OldHome
    $Sshd.Process.Kill($true)
    $Sshd.Process.WaitForExit()
}

function Get-LoginCount($Sshd) {
    @(Get-Content $Sshd.Log | Where-Object { $_ -match '^Accepted publickey' }).Count
}

Export-ModuleMember -Function Start-TestSshd, Stop-TestSshd, Get-LoginCount
