# Real exporters on the hosts and a real Prometheus here: what Get-VMTrafficRate makes of their metrics.
BeforeAll {
    Import-Module "$PSScriptRoot/../../../lab/Lab.psm1"
    Start-SharedGuest vm1, vm2

    $exporters = @{}
    foreach ($name in 'kvm-a', 'kvm-b') {
        $exporters[$name] = [int](ssh $name 'prometheus-libvirt-exporter >/run/libvirt-exporter.log 2>&1 </dev/null & echo $!')
    }

    $folder = (New-Item (Join-Path ([IO.Path]::GetTempPath()) "prometheus-$([guid]::NewGuid())") -ItemType Directory).FullName
    @'
global: {scrape_interval: 1s}
scrape_configs:
- job_name: libvirt
  static_configs: [{targets: ["kvm-a:9177", "kvm-b:9177"]}]
'@ | Set-Content "$folder/prometheus.yml"
    $server = Start-Process prometheus -PassThru -RedirectStandardError "$folder/log" -RedirectStandardOutput "$folder/out" -ArgumentList @(
        "--config.file=$folder/prometheus.yml", "--storage.tsdb.path=$folder/data", '--web.listen-address=127.0.0.1:19090')
    $uri = 'http://127.0.0.1:19090'

    # Until a condition holds; both ends, Prometheus and exporter, only tell when asked.
    function Wait-Until([scriptblock] $Condition, [int] $Seconds = 60) {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        while (-not (& $Condition)) {
            if ($watch.Elapsed.TotalSeconds -gt $Seconds) { throw "Not within $Seconds s: $Condition" }
            Start-Sleep -Milliseconds 300
        }
    }

    # Prometheus refuses connections at first, and two scrapes take two seconds.
    Wait-Until { try { @(Get-VMTrafficRate -PrometheusUri $uri -ErrorAction SilentlyContinue).Count -eq 2 } catch { $false } }
}

AfterAll {
    if ($server) {
        $server.Kill()
        $server.WaitForExit()
    }

    foreach ($exporter in $exporters.GetEnumerator()) {
        ssh $exporter.Key "kill $($exporter.Value)"
    }

    if ($folder) {
        Remove-Item $folder -Recurse
    }
}

Describe 'Get-VMTrafficRate by Prometheus' {
    It 'shows traffic out of a guest as Tx and into one as Rx, within 5 % of iperf3, and hardly any the other way' {
        $out, $in = Measure-LabFlows 20M 14 { Get-VMTrafficRate -PrometheusUri $uri -HostName kvm-a -Window 11 }
        Assert-LabFlows $out $in -AtLeast 10e6
    }

    It 'is planned with as examples/prometheus.ps1 does' {
        $plan = & "$PSScriptRoot/../../../examples/prometheus.ps1" $uri kvm-a -Destination kvm-b -Window 11
        $plan.VMName | Sort-Object | Should -Be vm1, vm2
        $plan.Destination | Should -Be kvm-b, kvm-b
        $plan[0].Plan.Links.HostName | Sort-Object -Unique | Should -Be kvm-a, kvm-b
    }

    It 'knows the VMs as libvirt does' {
        $rates = Get-VMTrafficRate -PrometheusUri $uri -Window 30
        $rates.VMName | Should -Be vm1, vm2
        $rates.HostName | Should -Be kvm-a, kvm-a
        $rates.MemoryBytes | Should -Be 128MB, 128MB
        $rates.VCpuCount | Should -Be 1, 1
        $rates[0].VMId | Should -Be (ssh kvm-a virsh domuuid vm1)[0]
    }

    It 'gives objects of which a plan is made' {
        $plan = Get-VMTrafficRate kvm-a -PrometheusUri $uri | Get-MigrationPlan -Destination kvm-b -NoProbe
        $plan.VMName | Sort-Object | Should -Be vm1, vm2
        $plan[0].Source | Should -Be kvm-a
    }

    It 'has no rates of a VM that is paused' {
        ssh kvm-a virsh -q suspend vm2
        try {
            Wait-Until { (Get-VMTrafficRate -PrometheusUri $uri).VMName -eq 'vm1' -and @(Get-VMTrafficRate -PrometheusUri $uri).Count -eq 1 }
            Get-VMTrafficRate -PrometheusUri $uri -Name vm2 -ErrorAction SilentlyContinue -ErrorVariable problem
            $problem.FullyQualifiedErrorId | Should -BeLike 'PrometheusVMNotFound,*'
        }
        finally {
            ssh kvm-a virsh -q resume vm2
        }

        Wait-Until { @(Get-VMTrafficRate -PrometheusUri $uri).Count -eq 2 }
    }
}

Describe 'What can be wrong with a Prometheus server' {
    It 'gives the rates of the other hosts when one is not scraped' {
        $rates = Get-VMTrafficRate kvm-z, kvm-a -PrometheusUri $uri -ErrorAction SilentlyContinue -ErrorVariable problem
        $rates.VMName | Should -Be vm1, vm2
        $problem.FullyQualifiedErrorId | Should -BeLike 'PrometheusNoData,*'
        $problem.Exception.Message | Should -Match "'kvm-z'"
    }

    It 'says <ErrorId> for <Case>' -ForEach @(
        @{ Case = 'a closed port'; ErrorId = 'PrometheusUnreachable'; Category = 'ConnectionError'; Uri = 'http://127.0.0.1:1' }
        @{ Case = 'https where there is none'; ErrorId = 'PrometheusNotTrusted'; Category = 'SecurityError'; Uri = 'https://127.0.0.1:19090' }
        @{ Case = 'a wrong path'; ErrorId = 'PrometheusRefused'; Category = 'NotSpecified'; Uri = 'http://127.0.0.1:19090/nosuch' }
        @{ Case = 'an address without scheme'; ErrorId = 'PrometheusUriInvalid'; Category = 'InvalidArgument'; Uri = 'mon' }
    ) {
        $problem = { Get-VMTrafficRate -PrometheusUri $Uri -ErrorAction Stop } | Should -Throw -PassThru
        $problem.FullyQualifiedErrorId | Should -BeLike "$ErrorId,*"
        $problem.CategoryInfo.Category | Should -Be $Category
    }

    It 'says PrometheusTimeout when the server hangs' {
        /bin/kill -STOP $server.Id
        try {
            $problem = { Get-VMTrafficRate -PrometheusUri $uri -ConnectTimeout 2 } | Should -Throw -PassThru
            $problem.FullyQualifiedErrorId | Should -BeLike 'PrometheusTimeout,*'
        }
        finally {
            /bin/kill -CONT $server.Id
        }
    }

    It 'refuses parameters of SSH rather than ignoring them' {
        { Get-VMTrafficRate -PrometheusUri $uri -SampleCount 3 } | Should -Throw -ErrorId 'PrometheusParameterUnused,*'
    }

    It 'says LibvirtUnavailable for a host whose libvirtd is down' {
        ssh kvm-b 'kill $(cat /run/libvirtd.pid); while [ -e /run/libvirtd.pid ]; do sleep 0.1; done'
        try {
            Wait-Until {
                Get-VMTrafficRate kvm-b -PrometheusUri $uri -ErrorAction SilentlyContinue -ErrorVariable problem
                "$($problem.FullyQualifiedErrorId)" -like 'LibvirtUnavailable,*'
            }
        }
        finally {
            ssh kvm-b 'libvirtd -d'
        }
    }
}
