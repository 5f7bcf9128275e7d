# What the tests of faults share: one guest vm1 that goes back and forth between kvm-a and kvm-b.
Import-Module "$PSScriptRoot/../lab/Lab.psm1"
$script:journals = ''

# Where the runs' journals go.
function Set-JournalFolder([string] $Path) {
    $script:journals = $Path
}

function Get-JournalFolder {
    $script:journals
}

function Start-Guest {
    Invoke-Lab guest-start kvm-a vm1 --memory 128 --fill 4
}

# Every host on which a QEMU has the VM, by the hosts' own word.
function Get-Place {
    'kvm-a', 'kvm-b' | Where-Object { (ssh $_ 'virsh -q list --name --state-running --state-paused') -contains 'vm1' }
}

# Under the strategy TrafficSensitive it is a pre-copy that may be switched: the VM receives more than it sends.
function Get-Plan([string] $Strategy) {
    $from = Get-Place
    [pscustomobject]@{ HostName = $from; VMName = 'vm1'; TxBitsPerSecond = 1000; RxBitsPerSecond = 2000; PostCopyCapable = $true } |
        Get-MigrationPlan -Destination ($from -eq 'kvm-a' ? 'kvm-b' : 'kvm-a') -NoProbe -Strategy $Strategy
}

function Get-Last {
    Get-TrafficSensitiveMigration -JournalPath $script:journals -Last
}

# Waits until the last run's VM is in a state, and memory flows: a fault before that is another one. -StateOnly:
# the state is enough.
function Wait-State([string] $State, [switch] $StateOnly) {
    foreach ($try in 1..300) {
        $last = Get-Last
        if ($last -and @($last.VirtualMachines.State) -eq $State) {
            if ($StateOnly) { return }
            $samples = Get-Content (Join-Path $script:journals "$($last.Id).series") -ErrorAction Ignore
            if ($samples -match '"BytesTransferred":[1-9]') { return }
        }

        Start-Sleep -Milliseconds 100
    }

    throw "The run did not get to $State; it is $((Get-Last).VirtualMachines.State)."
}

# A run in the background that has come to a state.
function Start-Run([string] $Strategy, [string] $State = ($Strategy -eq 'PostCopy' ? 'PostCopying' : 'PreCopying'), [hashtable] $Options = @{}) {
    $job = Get-Plan $Strategy | Start-TrafficSensitiveMigration -Confirm:$false -SkipPreflight -AsJob -JournalPath $script:journals @Options
    Wait-State $State
    $job
}

function Complete-Run($Job) {
    $null = Wait-Job $Job -Timeout 90
    $result = Receive-Job $Job -ErrorAction SilentlyContinue -WarningAction SilentlyContinue -InformationAction SilentlyContinue
    Remove-Job $Job -Force
    $result
}

# The judge: exactly one QEMU, defined there and nowhere else, memory whole, counter not gone back.
function Assert-Whole([string] $Where) {
    Get-Place | Should -Be $Where
    Invoke-Lab check vm1 | Should -Match "^vm1 ok $Where "
}

function Get-OtherHost([string] $HostName) {
    $HostName -eq 'kvm-a' ? 'kvm-b' : 'kvm-a'
}

# A pwsh of its own; it ends with the test at the latest.
function Start-Shell([string] $ScriptFile, [string] $OutFile) {
    $program = (Get-Process -Id $PID).Path
    $arguments = @(if ($program -like '*dotnet') { "$PSHOME/pwsh.dll" }) + '-NoProfile', '-NonInteractive', '-File', $ScriptFile
    # Whatever ran the tests in the background may have them ignore what Ctrl+C sends, and that is inherited.
    Start-Process env -ArgumentList (@('--default-signal=INT', $program) + $arguments) -RedirectStandardOutput $OutFile -PassThru
}

Export-ModuleMember -Function *-*
