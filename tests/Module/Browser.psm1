# A real browser for tests: Chromium without a window, spoken to by its DevTools protocol over a local WebSocket.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

function Find-Browser {
    (Get-Command chromium, chromium-browser, google-chrome -CommandType Application -ErrorAction Ignore | Select-Object -First 1)?.Source
}

# Starts the browser with one empty page. What the page asks for and says is kept in Events.
function Start-Browser([string] $Profile) {
    $null = New-Item $Profile -ItemType Directory -Force
    $arguments = @(
        '--headless=new', '--remote-debugging-port=0', "--user-data-dir=$Profile", '--no-first-run', '--disable-gpu', '--disable-dev-shm-usage',
        '--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars', 'about:blank')
    # The sandbox refuses to work for root, who runs the tests that need a lab.
    if ((id -u) -eq '0') { $arguments = @('--no-sandbox') + $arguments }
    $process = Start-Process (Find-Browser) -ArgumentList $arguments -PassThru -RedirectStandardError "$Profile/stderr" -RedirectStandardOutput "$Profile/stdout"
    $browser = [pscustomobject]@{ Process = $process; Socket = [Net.WebSockets.ClientWebSocket]::new(); Last = 0; Events = [Collections.Generic.List[object]]::new() }
    try {
        $port = Wait-For { Get-Content "$Profile/DevToolsActivePort" -ErrorAction Ignore | Select-Object -First 1 } 'the browser to open its port'
        $page = Wait-For { (Invoke-RestMethod "http://127.0.0.1:$port/json/list") | Where-Object { $_.type -eq 'page' } | Select-Object -First 1 } 'a page'
        $null = $browser.Socket.ConnectAsync($page.webSocketDebuggerUrl, [Threading.CancellationToken]::None).Wait(30000)
        foreach ($domain in 'Page', 'Runtime', 'Log', 'Network') { $null = Invoke-DevTools $browser "$domain.enable" }
    }
    catch {
        $process.Kill($true)
        throw
    }

    $browser
}

function Stop-Browser($Browser) {
    if ($Browser) {
        try { $null = Invoke-DevTools $Browser Browser.close } catch { Write-Verbose "$_" }
        if (-not $Browser.Process.WaitForExit(10000)) { $Browser.Process.Kill($true) }
        $Browser.Socket.Dispose()
    }
}

# Sends one command and gives its result; events that come meanwhile are kept.
function Invoke-DevTools($Browser, [string] $Method, [hashtable] $Parameters = @{}) {
    $id = ++$Browser.Last
    $text = [Text.Encoding]::UTF8.GetBytes((@{ id = $id; method = $Method; params = $Parameters } | ConvertTo-Json -Depth 10 -Compress))
    $null = $Browser.Socket.SendAsync([ArraySegment[byte]]::new($text), [Net.WebSockets.WebSocketMessageType]::Text, $true, [Threading.CancellationToken]::None).Wait(10000)
    while ($true) {
        $message = Receive-Message $Browser
        if ($message.ContainsKey('id') -and $message.id -eq $id) {
            if ($message.ContainsKey('error')) { throw "$Method`: $($message.error.message)" }
            return $message.result
        }

        $Browser.Events.Add($message)
    }
}

# Shows a file and waits until it is there as a whole.
function Open-Page($Browser, [string] $Path) {
    $Browser.Events.Clear()
    $null = Invoke-DevTools $Browser Page.navigate @{ url = [Uri]::new($Path).AbsoluteUri }
    $null = Wait-For { if ((Invoke-Script $Browser 'document.readyState') -eq 'complete') { $true } } 'the page'
    # What a page asks for late, or says late, comes before the answer to this.
    Start-Sleep -Milliseconds 300
    $null = Invoke-Script $Browser '0'
}

# The value of an expression in the page. The page's own policy forbids scripts to it, not to a debugger.
function Invoke-Script($Browser, [string] $Expression) {
    $answer = Invoke-DevTools $Browser Runtime.evaluate @{ expression = $Expression; returnByValue = $true }
    if ($answer.ContainsKey('exceptionDetails')) { throw "The expression failed: $($answer.exceptionDetails.exception.description)" }
    $answer.result['value']
}

function Set-View($Browser, [int] $Width, [ValidateSet('light', 'dark')] [string] $Scheme = 'light', [string] $Media = '') {
    $null = Invoke-DevTools $Browser Emulation.setDeviceMetricsOverride @{ width = $Width; height = 900; deviceScaleFactor = 1; mobile = $false }
    $null = Invoke-DevTools $Browser Emulation.setEmulatedMedia @{ media = $Media; features = @(@{ name = 'prefers-color-scheme'; value = $Scheme }) }
}

# A picture of the whole page, or of a part of it.
function Save-Screenshot($Browser, [string] $Path) {
    $height = Invoke-Script $Browser 'document.documentElement.scrollHeight'
    $width = Invoke-Script $Browser 'window.innerWidth'
    $shot = Invoke-DevTools $Browser Page.captureScreenshot @{ captureBeyondViewport = $true; clip = @{ x = 0; y = 0; width = $width; height = $height; scale = 1 } }
    [IO.File]::WriteAllBytes($Path, [Convert]::FromBase64String($shot.data))
}

function Save-Pdf($Browser, [string] $Path) {
    $pdf = Invoke-DevTools $Browser Page.printToPDF @{ printBackground = $false; preferCSSPageSize = $true; paperWidth = 8.27; paperHeight = 11.69 }
    [IO.File]::WriteAllBytes($Path, [Convert]::FromBase64String($pdf.data))
}

function Receive-Message($Browser) {
    $buffer = [byte[]]::new(1MB)
    $whole = [IO.MemoryStream]::new()
    do {
        $part = $Browser.Socket.ReceiveAsync([ArraySegment[byte]]::new($buffer), [Threading.CancellationToken]::None)
        if (-not $part.Wait(60000)) { throw 'The browser has not answered for a minute.' }
        $whole.Write($buffer, 0, $part.Result.Count)
    } until ($part.Result.EndOfMessage)
    [Text.Encoding]::UTF8.GetString($whole.ToArray()) | ConvertFrom-Json -AsHashtable
}

function Wait-For([scriptblock] $Condition, [string] $What) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while ($watch.Elapsed.TotalSeconds -lt 60) {
        try {
            if ($value = & $Condition) { return $value }
        }
        catch [Net.Http.HttpRequestException] {
            Write-Verbose "$_"
        }

        Start-Sleep -Milliseconds 100
    }

    throw "Waited a minute for $What in vain."
}

Export-ModuleMember -Function Find-Browser, Start-Browser, Stop-Browser, Open-Page, Invoke-DevTools, Invoke-Script, Set-View, Save-Screenshot, Save-Pdf
