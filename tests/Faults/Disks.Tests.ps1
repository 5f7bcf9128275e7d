BeforeAll {
    Import-Module "$PSScriptRoot/../../lab/Lab.psm1"
    $state = $env:XDG_STATE_HOME
    $env:XDG_STATE_HOME = "$TestDrive/state"
    $images = '/var/lib/libvirt/images'
    Invoke-Lab guest-start kvm-a vm5 --no-boot --memory 144 --fill 8 --disk 48:16
    Invoke-Lab guest-start kvm-a vm6 --no-boot --memory 144 --fill 8 --disk 48:8 --backing-file

    function Get-DiskPlan([string] $VM, [string] $Strategy = 'PreCopy', [string] $Copy = 'All', [string] $Source = 'kvm-a', [string] $Destination = 'kvm-b') {
        [pscustomobject]@{ HostName = $Source; VMName = $VM; TxBitsPerSecond = 0; RxBitsPerSecond = 0; DiskStorage = 'Local' } |
            Get-MigrationPlan -Destination $Destination -NoProbe -Strategy $Strategy -CopyStorage $Copy
    }

    # By the contents that a guest would see, backing files included; both images lie still.
    function Test-SameDisk([string] $VM, [string] $From, [string] $To) {
        ssh $From "cat $images/$VM.qcow2" | ssh $To "cat >/tmp/$VM.qcow2; qemu-img compare -U /tmp/$VM.qcow2 $images/$VM.qcow2; echo `$?; rm /tmp/$VM.qcow2"
    }

    function Get-Image([string] $HostName, [string] $VM) { ssh $HostName "cd $images && ls | grep '^$VM\.'" }
}

AfterAll {
    $env:XDG_STATE_HOME = $state
    'vm5', 'vm6' | ForEach-Object { Invoke-Lab guest-stop $_ }
}

Describe 'Disks on the storage of one host' {
    It 'are measured, and counted where they are to be copied' {
        $rate = Get-VMTrafficRate kvm-a -Name vm5 -SampleCount 1
        $rate.DiskStorage | Should -Be Local
        $rate.LocalDiskBytes | Should -BeGreaterThan 16MB
        $rate.LocalDiskBytes | Should -BeLessThan 18MB
        $rate.LocalDiskCapacityBytes | Should -Be 48MB
        $rate.LocalDiskWriteBytesPerSecond | Should -Be 0
        ($rate | Get-MigrationPlan -Destination kvm-b -NoProbe).StorageCopy | Should -Be None
        # Through a file, too.
        $plan = $rate | ConvertTo-Json | ConvertFrom-Json | Get-MigrationPlan -Destination kvm-b -NoProbe -CopyStorage All
        $plan.StorageCopy | Should -Be All
        $plan.PredictedBytes | Should -BeGreaterThan $rate.LocalDiskBytes
    }

    It 'keep a VM where it is, unless they are to be copied' {
        $found = Get-DiskPlan vm5 -Copy None | Test-MigrationPlan | Where-Object Severity -EQ Error
        $found.Check | Should -Be StorageNotShared
        $found.Remedy | Should -Match '-CopyStorage'
        Get-DiskPlan vm5 | Test-MigrationPlan | Where-Object Severity -EQ Error | Should -BeNullOrEmpty
    }

    It 'never overwrite what is there' {
        ssh kvm-b "echo mine >$images/vm5.qcow2"
        $plan = Get-DiskPlan vm5
        ($plan | Test-MigrationPlan | Where-Object Severity -EQ Error).Check | Should -Be ImageExists
        $result = $plan | Start-TrafficSensitiveMigration -SkipPreflight -Confirm:$false -ErrorAction SilentlyContinue
        $result.Error.ErrorId | Should -Be ImageExists
        ssh kvm-b "cat $images/vm5.qcow2; rm $images/vm5.qcow2" | Should -Be mine
    }

    It 'leave nothing behind at the destination when the migration is cancelled' {
        # Of what a limit of 1 MiB/s lets, no disk of 48 MiB is copied meanwhile.
        $job = Get-DiskPlan vm5 | Start-TrafficSensitiveMigration -BandwidthLimit 8mb -Confirm:$false -AsJob
        ssh kvm-a 'for i in $(seq 300); do virsh -q domjobinfo vm5 --rawstats | grep -q "^disk_processed: [1-9]" && exit; sleep 0.1; done; exit 1'
        $LASTEXITCODE | Should -Be 0 -Because 'the copy must have begun'
        Get-Image kvm-b vm5 | Should -HaveCount 2
        Get-TrafficSensitiveMigration | Where-Object State -EQ Running | Stop-TrafficSensitiveMigration -Confirm:$false
        $result = $job | Receive-Job -Wait -AutoRemoveJob -ErrorAction SilentlyContinue
        $result.Outcome | Should -Be Cancelled
        Get-Image kvm-b vm5 | Should -BeNullOrEmpty
        ssh kvm-a virsh domstate vm5 | Select-Object -First 1 | Should -Be running
    }

    It 'go along by pre-copy, byte for byte' {
        $result = Get-DiskPlan vm5 | Start-TrafficSensitiveMigration -Confirm:$false
        $result.Outcome | Should -Be Completed
        $result.TechniqueUsed | Should -Be PreCopy
        $result.DiskBytesTransferred | Should -BeGreaterThan 16MB
        $result.DiskBytesTransferred | Should -BeLessThan 18MB
        Test-SameDisk vm5 kvm-a kvm-b | Should -Be 'Images are identical.', 0
        Get-Image kvm-b vm5 | Should -Be vm5.qcow2
    }

    It 'go along by post-copy' {
        ssh kvm-a "rm $images/vm5.qcow2"
        $result = Get-DiskPlan vm5 -Strategy PostCopy -Source kvm-b -Destination kvm-a | Start-TrafficSensitiveMigration -Confirm:$false
        $result.Outcome | Should -Be Completed
        $result.TechniqueUsed | Should -Be PostCopy
        Test-SameDisk vm5 kvm-b kvm-a | Should -Be 'Images are identical.', 0
    }

    It 'go without what their backing file holds, if that is there' {
        $plan = Get-DiskPlan vm6 -Copy Incremental
        ssh kvm-b "touch $images/vm6-base.qcow2"
        ($plan | Test-MigrationPlan | Where-Object Severity -EQ Error).Check | Should -Be BackingFileDiffers
        ssh kvm-b "touch -d @1700000000 $images/vm6-base.qcow2"
        $result = $plan | Start-TrafficSensitiveMigration -Confirm:$false
        $result.Outcome | Should -Be Completed
        $result.DiskBytesTransferred | Should -BeLessThan 10MB
        Test-SameDisk vm6 kvm-a kvm-b | Should -Be 'Images are identical.', 0
        (ssh kvm-b "qemu-img info -U --output=json $images/vm6.qcow2" | Out-String | ConvertFrom-Json).'backing-filename' | Should -Be "$images/vm6-base.qcow2"
    }
}
