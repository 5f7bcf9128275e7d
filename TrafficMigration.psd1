@{
    RootModule = 'TrafficMigration.dll'
    ModuleVersion = '0.1.0'
    GUID = '5d3c8c0e-0b7e-4f61-9a67-4b8f5f7e2f6d'
    Author = 'TrafficMigration contributors'
    CompanyName = 'TrafficMigration contributors'
    Copyright = '(c) 2026 TrafficMigration contributors. MIT License.'
    Description = 'Empties KVM hosts with live migration that flows against the VMs'' traffic: measures what each VM sends and receives, chooses pre-copy or post-copy per VM so that memory and traffic do not compete, and runs the migrations in parallel.'
    PowerShellVersion = '7.4'
    CompatiblePSEditions = @('Core')
    CmdletsToExport = @(
        'Compare-MigrationPlan'
        'Export-MigrationPlan'
        'Export-MigrationReport'
        'Get-HostTraffic'
        'Get-KvmHostSession'
        'Get-MigrationPlan'
        'Get-TrafficSensitiveMigration'
        'Get-VMTrafficRate'
        'New-KvmHostSession'
        'Remove-KvmHostSession'
        'Resume-TrafficSensitiveMigration'
        'Start-TrafficSensitiveMigration'
        'Stop-TrafficSensitiveMigration'
        'Test-MigrationPlan'
    )
    FunctionsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @()
    FormatsToProcess = @('TrafficMigration.format.ps1xml')
    TypesToProcess = @('TrafficMigration.types.ps1xml')
    PrivateData = @{
        PSData = @{
            Tags = @('KVM', 'QEMU', 'libvirt', 'LiveMigration', 'PostCopy', 'PreCopy', 'VM', 'Evacuation', 'Linux')
            ProjectUri = 'https://github.com/trafficmigration/trafficmigration'
            LicenseUri = 'https://opensource.org/license/mit'
            ReleaseNotes = 'See CHANGELOG.md.'
        }
    }
}
