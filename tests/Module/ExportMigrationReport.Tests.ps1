BeforeAll {
    $recorded = "$PSScriptRoot/Recorded"
    $ids = @{ Sensitive = '5e1f0c9a27'; PreCopy = 'b7302d41ce'; PostCopy = '0d94f6a8b3'; Troubled = 'c41d7e90f2' }
    $page = "$TestDrive/report.html"

    # The page is well-formed XML by construction, so XML's own parser judges it.
    function Read-Page {
        ([xml](Get-Content $page -Raw)).DocumentElement
    }

    function Read-Text {
        (Read-Page).body.InnerText
    }
}

Describe 'Export-MigrationReport' {
    BeforeEach {
        Remove-Item $page -Force -ErrorAction Ignore
    }

    It 'writes a run from the pipeline into one file, and says nothing' {
        Get-TrafficSensitiveMigration $ids.Sensitive -JournalPath $recorded | Export-MigrationReport $page -JournalPath $recorded | Should -BeNullOrEmpty
        $html = Read-Page
        $html.lang | Should -Be en
        $html.head.title | Should -Be "Migration report: run $($ids.Sensitive)"
        @($html.SelectNodes('//*[local-name()="svg"][@role="img"]')).Count | Should -Be 4
        $html.SelectNodes('//*[@src] | //*[local-name()="script"] | //*[local-name()="link"]').Count | Should -Be 0
        Read-Text | Should -Match 'All 4 VMs were moved in 77\.3'
        Read-Text | Should -Match 'strategy: Traffic-sensitive'
        [IO.File]::ReadAllBytes($page)[0] | Should -Be ([byte][char]'<') -Because 'a byte order mark is none of the page'
        (Get-ChildItem $TestDrive -Force -Filter '.report*') | Should -BeNullOrEmpty
    }

    It 'takes runs, identifiers, results, and objects with an Id, each run once' {
        $runs = Get-TrafficSensitiveMigration $ids.Sensitive, $ids.PreCopy -JournalPath $recorded
        $given = @($runs[0], $ids.PostCopy, [pscustomobject]@{ Id = $ids.PreCopy }) + $runs[0].VirtualMachines.Result + $runs[1].VirtualMachines.Result
        $file = $given | Export-MigrationReport $page -JournalPath $recorded -PassThru
        $file | Should -BeOfType IO.FileInfo
        $file.FullName | Should -Be (Get-Item $page).FullName
        (Read-Page).SelectNodes('//*[local-name()="section"][starts-with(@class, "run")]').Count | Should -Be 3
        Export-MigrationReport $page -Id $ids.Sensitive, $ids.Troubled -JournalPath $recorded -Title 'Rack <7> & others'
        (Read-Page).head.title | Should -Be 'Rack <7> & others'
    }

    It 'lays several runs side by side and marks the best' {
        Get-TrafficSensitiveMigration $ids.Sensitive, $ids.PreCopy, $ids.PostCopy -JournalPath $recorded | Export-MigrationReport $page -JournalPath $recorded
        $rows = (Read-Page).SelectNodes('//*[@id="comparison"]//*[local-name()="table"]')[0].tbody.tr
        $rows.th.InnerText | Should -Be 'Traffic-sensitive', 'Pre-copy', 'Post-copy'
        $rows[0].td[2].InnerText | Should -Be 'best77.3' -Because 'this parser leaves out the blank between'
        $rows[2].td[4].InnerText | Should -Be 'best5632'
        $rows[1].td[2].InnerText | Should -Be '99.5'
    }

    It 'has each sample in a table, whose parts add up to the total' {
        Export-MigrationReport $page -Id $ids.Sensitive -JournalPath $recorded
        $tables = (Read-Page).SelectNodes('//*[local-name()="table"]') | Where-Object { $_.caption -like 'Means over each window*' }
        $tables.caption | Should -Be 'Means over each window, Mbps: kvm1, outgoing', 'Means over each window, Mbps: kvm2, incoming'
        foreach ($row in $tables.tbody.tr) {
            $figures = $row.td.ForEach({ [double]$_.InnerText })
            $figures[0] + $figures[1] + $figures[2] | Should -BeGreaterThan ($figures[3] - 0.2)
            $figures[0] + $figures[1] + $figures[2] | Should -BeLessThan ($figures[3] + 0.2)
            $figures[3] | Should -BeLessThan 1000
        }
    }

    It 'shows names as what they are, and says what was decided, what failed and what is open' {
        Export-MigrationReport $page -Id $ids.Troubled -JournalPath $recorded
        $html = Read-Page
        $html.SelectNodes('//*[local-name()="script"]').Count | Should -Be 0
        foreach ($name in '<script>alert(1)</script>', 'it''s "a" $(x); ü & co', '数据库-1') {
            @($html.SelectNodes('//*[local-name()="bdi"]').InnerText) | Should -Contain $name
        }

        Read-Text | Should -Match 'The run was interrupted: 1 of 3 VMs was moved .* Resume-TrafficSensitiveMigration -Id c41d7e90f2'
        Read-Text | Should -Match 'switched to post-copy: memory competes with 260 Mbps'
        Read-Text | Should -Match 'MigrationFailed: VM .* <no route to host>'
        Read-Text | Should -Match 'pre-copy, became post-copy'
    }

    It 'makes a page of results alone, live or from a file, where their journal is not at hand' {
        $results = (Get-TrafficSensitiveMigration $ids.PostCopy -JournalPath $recorded).VirtualMachines.Result
        $results | Export-Clixml "$TestDrive/results.xml"
        $results | ConvertTo-Json -Depth 3 -WarningAction SilentlyContinue | Set-Content "$TestDrive/results.json"
        $results | Export-Csv "$TestDrive/results.csv"
        $given = $results, (Import-Clixml "$TestDrive/results.xml"), (Get-Content "$TestDrive/results.json" -Raw | ConvertFrom-Json), (Import-Csv "$TestDrive/results.csv")
        foreach ($set in $given) {
            $set | Export-MigrationReport $page -JournalPath "$TestDrive/nowhere"
            $text = Read-Text
            $text | Should -Match 'All 4 VMs were moved in 103\.[03]' -Because 'Export-Csv writes whole seconds of a point in time'
            $text | Should -Match 'journal is not on this machine'
            $text | Should -Match '1\.01'
        }
    }

    It 'reports a result that failed with what its file kept of the error' {
        (Get-TrafficSensitiveMigration $ids.Troubled -JournalPath $recorded).VirtualMachines.Result | Where-Object { $_ } | Export-Clixml "$TestDrive/failed.xml"
        Import-Clixml "$TestDrive/failed.xml" | Export-MigrationReport $page -JournalPath "$TestDrive/nowhere"
        Read-Text | Should -Match '1 of 2 VMs was moved .*, 1 failed'
        Read-Text | Should -Match 'no route to host'
    }

    It 'says in words that no series was recorded' {
        $null = New-Item "$TestDrive/bare" -ItemType Directory -Force
        Copy-Item "$recorded/$($ids.Sensitive).jsonl" "$TestDrive/bare"
        Export-MigrationReport $page -Id $ids.Sensitive -JournalPath "$TestDrive/bare"
        Read-Text | Should -Match 'No traffic was recorded while this run lasted'
        Get-TrafficSensitiveMigration -JournalPath $recorded -Last | Export-MigrationReport $page -JournalPath "$TestDrive/nowhere" -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -Match '-JournalPath names another folder'
    }

    It 'reports a run that failed before anything moved' {
        $plan = 'HostName,VMName,TxBitsPerSecond,RxBitsPerSecond', 'no-host.invalid,vm1,1,2' | ConvertFrom-Csv | Get-MigrationPlan -Destination other.invalid -NoProbe
        $plan | Start-TrafficSensitiveMigration -Confirm:$false -JournalPath "$TestDrive/failed" -ErrorAction SilentlyContinue | Export-MigrationReport $page -JournalPath "$TestDrive/failed"
        Read-Text | Should -Match '0 of 1 VM were moved, 1 failed'
        Read-Text | Should -Match 'HostNotFound'
    }

    It 'writes nothing under -WhatIf' {
        Export-MigrationReport $page -Id $ids.Sensitive -JournalPath $recorded -WhatIf
        Test-Path $page | Should -BeFalse
    }

    It 'replaces a file, but not under -NoClobber, and one that is read-only only under -Force' {
        Set-Content $page old
        { Export-MigrationReport $page -Id $ids.Sensitive -JournalPath $recorded -NoClobber } | Should -Throw -ErrorId 'ReportExists,*'
        Get-Content $page | Should -Be old
        Set-ItemProperty $page IsReadOnly $true
        { Export-MigrationReport $page -Id $ids.Sensitive -JournalPath $recorded } | Should -Throw -ErrorId 'ReportUnwritable,*'
        Get-Content $page | Should -Be old
        Export-MigrationReport $page -Id $ids.Sensitive -JournalPath $recorded -Force
        (Read-Page).lang | Should -Be en
    }

    It 'says what it cannot write to' {
        { Export-MigrationReport $TestDrive -Id $ids.Sensitive -JournalPath $recorded } | Should -Throw -ErrorId 'ReportUnwritable,*'
        { Export-MigrationReport "$TestDrive/no/such/folder.html" -Id $ids.Sensitive -JournalPath $recorded } | Should -Throw -ErrorId 'ReportUnwritable,*'
        { Export-MigrationReport env:report -Id $ids.Sensitive -JournalPath $recorded } | Should -Throw -ErrorId 'ReportUnwritable,*'
        { Export-MigrationReport nodrive:/report -Id $ids.Sensitive -JournalPath $recorded } | Should -Throw -ErrorId 'ReportUnwritable,*'
    }

    It 'says what it cannot find or read, and reports the rest' {
        { Get-TrafficSensitiveMigration -JournalPath "$TestDrive/nowhere" | Export-MigrationReport $page } | Should -Throw -ErrorId 'NothingToReport,*'
        'nothing', $ids.Sensitive, (Get-Date), [pscustomobject]@{ VMName = 'vm1' } |
            Export-MigrationReport $page -JournalPath $recorded -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -Be (@('RunNotFound', 'ReportInputInvalid', 'ReportInputInvalid') | ForEach-Object { "$_,TrafficMigration.Commands.ExportMigrationReportCommand" })
        (Read-Page).head.title | Should -BeLike "*$($ids.Sensitive)"
        { Export-MigrationReport $page -Id '../../etc/passwd' -JournalPath $recorded -ErrorAction Stop } | Should -Throw -ErrorId 'RunNotFound,*'
    }
}
