#!/bin/bash
# usage: xunit.sh OUT PROJECT...   Builds the projects one after another, as they share others, and runs each as soon as it
# is built. Says all in OUT/PROJECT.log; one that was not built, or died, leaves no OUT/PROJECT.trx.
set -u
out=$1
shift
for project in "$@"; do
    name=${project##*/}
    if dotnet build "$project" -c Release --nologo -v quiet >"$out/$name.log" 2>&1; then
        # An xunit.v3 project is a program.
        dotnet run --no-build --project "$project" -c Release -- -noLogo -noColor -result-trx "$out/$name.trx" >"$out/$name.log" 2>&1 &
    fi
done
wait
