#!/usr/bin/env bash
# Runs build.ps1 with pwsh; where there is none, gets one from NuGet into out/tools first.
# Usage: ./build.sh [Build|Test|Help|Demo|Lab|Evaluate|Chaos|Benchmark|Pack|Analyze] [options of that task]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

pwsh=$(command -v pwsh || true)
if [ -z "$pwsh" ]; then
    pwsh=out/tools/pwsh
    if [ ! -x "$pwsh" ]; then
        command -v dotnet >/dev/null || { echo "build.sh needs the .NET SDK 10 (dotnet) on the PATH." >&2; exit 1; }
        echo "No pwsh on the PATH: getting PowerShell into out/tools ..."
        dotnet tool install PowerShell --version 7.6.9 --tool-path out/tools >/dev/null
    fi
fi
exec "$pwsh" -NoProfile -NonInteractive -File build.ps1 "$@"
