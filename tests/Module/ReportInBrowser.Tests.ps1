BeforeDiscovery {
    Import-Module "$PSScriptRoot/Browser.psm1" -Force
    # lab/lab.sh packages installs it; without it these tests show nothing, and say so.
    $hasNone = -not (Find-Browser)
}

Describe 'A report in a browser' -Skip:$hasNone {
    BeforeAll {
        Import-Module "$PSScriptRoot/Browser.psm1" -Force
        $page = "$TestDrive/report.html"
        Get-TrafficSensitiveMigration -JournalPath "$PSScriptRoot/Recorded" | Export-MigrationReport $page -JournalPath "$PSScriptRoot/Recorded"
        $browser = Start-Browser "$TestDrive/profile"

        # Text with less contrast than WCAG 2 asks for (4.5 to 1); that on coloured areas has an outline of its own, and is left out.
        function Find-FaintText([string] $Scheme) {
            Set-View $browser 1100 $Scheme
            Invoke-Script $browser @'
(() => {
    const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m.slice(0, 3) };
    const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
    const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) };
    const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c) return c } return [255, 255, 255] };
    const bad = [];
    for (const e of document.querySelectorAll('body *')) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!own || !e.getClientRects().length || e.closest('.skip, defs, title, desc, style')) continue;
        const style = getComputedStyle(e);
        const isDrawn = e.namespaceURI.endsWith('svg');
        if (isDrawn && (e.closest('.on, .name'))) continue;
        const r = ratio(parse(isDrawn ? style.fill : style.color), behind(e));
        if (r < 4.5) bad.push(`${e.tagName}.${e.getAttribute('class')} ${r.toFixed(2)} ${e.textContent.slice(0, 30)}`);
    }
    return [...new Set(bad)].join('\n');
})()
'@
        }
    }

    AfterAll {
        Stop-Browser $browser
    }

    It 'asks for nothing but itself, and its console stays silent' {
        Open-Page $browser $page
        $asked = $browser.Events | Where-Object method -EQ Network.requestWillBeSent | ForEach-Object { $_.params.request.url }
        $asked | Should -Be ([Uri]::new($page).AbsoluteUri)
        $said = $browser.Events | Where-Object method -In Log.entryAdded, Runtime.consoleAPICalled, Runtime.exceptionThrown
        $said | ForEach-Object { $_.params | ConvertTo-Json -Depth 8 } | Should -BeNullOrEmpty
    }

    It 'runs no script, also not one that a name or somebody else brings into it' {
        Invoke-Script $browser 'document.scripts.length' | Should -Be 0
        Invoke-Script $browser 'document.querySelectorAll("[onclick],[onload],[onerror],iframe,object,embed,form,link,img").length' | Should -Be 0
        Invoke-Script $browser 'document.body.textContent.includes("<script>alert(1)</script>")' | Should -BeTrue
        Invoke-Script $browser '(() => { const s = document.createElement("script"); s.textContent = "window.ran = true"; document.body.append(s); s.remove(); return window.ran === undefined })()' | Should -BeTrue
    }

    It 'is read by an HTML parser as the same tree as by an XML parser' {
        Open-Page $browser $page
        $tags = Invoke-Script $browser '[...document.querySelectorAll("*")].map(e => e.localName).filter(n => n !== "parsererror").join(" ")'
        ([xml](Get-Content $page -Raw)).SelectNodes('//*').LocalName -join ' ' | Should -Be $tags
    }

    It 'names each drawing, has each id once, and headings in order' {
        $tree = (Invoke-DevTools $browser Accessibility.getFullAXTree).nodes | Where-Object { -not $_.ignored }
        $drawings = @($tree | Where-Object { $_.role.value -in 'image', 'img' })
        $drawings.Count | Should -Be (Invoke-Script $browser 'document.querySelectorAll("svg[role=img]").length')
        $drawings.Count | Should -BeGreaterThan 15
        $drawings.name.value | ForEach-Object { $_.Length | Should -BeGreaterThan 20 }
        Invoke-Script $browser '(() => { const i = [...document.querySelectorAll("[id]")].map(e => e.id); return i.length - new Set(i).size })()' | Should -Be 0
        Invoke-Script $browser '[...document.querySelectorAll("[aria-labelledby]")].flatMap(e => e.getAttribute("aria-labelledby").split(" ")).filter(i => !document.getElementById(i)).length' | Should -Be 0
        Invoke-Script $browser '[...document.querySelectorAll("a[href]")].filter(a => !document.querySelector(a.getAttribute("href"))).length' | Should -Be 0
        Invoke-Script $browser '[...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map(h => +h.localName[1]).filter((l, i, a) => l > (a[i - 1] ?? 0) + 1).length' | Should -Be 0
        Invoke-Script $browser 'document.documentElement.lang + [...document.querySelectorAll("table")].filter(t => !t.caption || t.querySelector("th:not([scope])")).length' | Should -Be 'en0'
    }

    It 'has text that stands out from what is behind it, <_>' -ForEach 'light', 'dark' {
        Find-FaintText $_ | Should -BeNullOrEmpty
    }

    It 'is not wider than its window of <_> pixels, and cuts no drawing' -ForEach 320, 390, 800, 1400 {
        Set-View $browser $_
        Invoke-Script $browser 'document.documentElement.scrollWidth' | Should -BeLessOrEqual $_
        $beyond = Invoke-Script $browser @'
[...document.querySelectorAll('svg.chart text, svg.chart rect')].filter(e => e.getClientRects().length && !e.closest('defs')).filter(e => {
    const own = e.getBoundingClientRect();
    return own.left < -1 || own.right > innerWidth + 1;
}).map(e => e.textContent).join('\n')
'@
        $beyond | Should -BeNullOrEmpty
    }

    It 'looks different in light and dark, and blank in neither' {
        $sizes = foreach ($scheme in 'light', 'dark') {
            Set-View $browser 1100 $scheme
            Save-Screenshot $browser "$TestDrive/$scheme.png"
            (Get-Item "$TestDrive/$scheme.png").Length
            Invoke-Script $browser 'getComputedStyle(document.body).backgroundColor'
        }
        $sizes[0] | Should -BeGreaterThan 100KB
        $sizes[2] | Should -BeGreaterThan 100KB
        $sizes[1] | Should -Be 'rgb(255, 255, 255)'
        $sizes[3] | Should -Be 'rgb(13, 17, 23)'
        (Get-FileHash "$TestDrive/light.png").Hash | Should -Not -Be (Get-FileHash "$TestDrive/dark.png").Hash
    }

    It 'prints in light colours whatever the screen has, with the journal opened and without what only a screen can show' {
        Set-View $browser 700 dark -Media print
        Invoke-Script $browser 'getComputedStyle(document.body).backgroundColor' | Should -Be 'rgb(255, 255, 255)'
        Invoke-Script $browser '[...document.querySelectorAll("nav, .skip, details.figures")].filter(e => e.getClientRects().length).length' | Should -Be 0
        Invoke-Script $browser '[...document.querySelectorAll("details.journal table")].filter(t => t.getBoundingClientRect().height < 20).length' | Should -Be 0
        Set-View $browser 1100 -Media ''
        Save-Pdf $browser "$TestDrive/report.pdf"
        (Get-Item "$TestDrive/report.pdf").Length | Should -BeGreaterThan 50KB
    }
}
