# The judge of the chaos runs is itself judged: what it is there to find is done to a VM on purpose.
BeforeAll {
    Import-Module "$PSScriptRoot/../../lab/Lab.psm1"

    # The judge's word; it fails on purpose, which Invoke-Lab would throw.
    function Get-Verdict {
        try { Invoke-Lab check vm2 } catch { "$_" }
    }
}

Describe 'The judge finds' {
    BeforeEach {
        Invoke-Lab guest-start kvm-a vm2 --memory 128 --fill 12
        Get-Verdict | Should -Match '^vm2 ok kvm-a '
    }

    AfterEach {
        Invoke-Lab guest-stop vm2
    }

    It 'nothing wrong with a VM that is well, also later' {
        Start-Sleep 2
        Get-Verdict | Should -Match '^vm2 ok kvm-a '
    }

    It 'a VM that runs twice' {
        ssh kvm-a 'virsh dumpxml vm2' | ssh kvm-b 'cat >/tmp/vm2.xml; virsh -q create /tmp/vm2.xml' | Out-Null
        Get-Verdict | Should -Match 'vm2 BAD .*it runs on 2 hosts;it has 2 QEMUs'
    }

    It 'a VM that does not run on' {
        ssh kvm-a 'virsh -q suspend vm2' | Out-Null
        Get-Verdict | Should -Match 'vm2 BAD .*it is paused on kvm-a'
    }

    It 'a VM that is gone but for its definition' {
        ssh kvm-a 'virsh -q destroy vm2' | Out-Null
        Get-Verdict | Should -Match 'vm2 BAD .*kvm-a has an old definition;it runs on 0 hosts'
    }

    It 'a VM that nobody would start again after a reboot of its host' {
        ssh kvm-a 'virsh -q undefine vm2' | Out-Null
        Get-Verdict | Should -Match 'vm2 BAD .*it is not defined on kvm-a'
    }

    It 'a definition that was left behind' {
        ssh kvm-a 'virsh dumpxml vm2' | ssh kvm-b 'cat >/tmp/vm2.xml; virsh -q define /tmp/vm2.xml' | Out-Null
        Get-Verdict | Should -Match 'vm2 BAD .*kvm-b has an old definition'
    }

    It 'a VM that was started anew: its counter went back' {
        Start-Sleep 8
        Get-Verdict | Should -Match '^vm2 ok'
        ssh kvm-a 'virsh -q destroy vm2; virsh -q start vm2' | Out-Null
        foreach ($try in 1..60) { try { Invoke-Lab guest-exec vm2 -- true; break } catch { Start-Sleep -Milliseconds 300 } }
        Get-Verdict | Should -Match 'vm2 BAD .*its counter went from'
    }

    It 'one byte of memory that is not what it was: in <File>' -ForEach @{ File = '/fill/0' }, @{ File = '/fill/rest' } {
        Invoke-Lab guest-exec vm2 -- "printf '\001\377' | dd of=$File bs=1 seek=1000001 conv=notrunc"
        Get-Verdict | Should -Match 'vm2 BAD .*differ'
    }
}
