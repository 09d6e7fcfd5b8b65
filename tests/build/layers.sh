#!/usr/bin/env bash
# layers.sh SOURCE BUILD - shows that no library can include a header of a library ranked after it.
#
# For each library the include flags of its own target are taken from the build; a file that includes
# a header of a later library must not compile with them, and one that includes its own header must.
set -euo pipefail

source_dir=$1
build_dir=$2
rank=(base conf json net hl7 fhir event map rule stream process)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# library<TAB>include and define flags, one line per library
python3 - "$build_dir" >"$work/flags" <<'PY'
import json, os, shlex, sys
build = sys.argv[1]
seen = set()
for entry in json.load(open(os.path.join(build, "compile_commands.json"))):
    path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
    parts = path.split(os.sep)
    if "lib" not in parts or not path.endswith(".c"):
        continue
    at = len(parts) - 1 - parts[::-1].index("lib")
    if at + 2 != len(parts) - 1 or parts[at + 1] in seen:
        continue
    seen.add(parts[at + 1])
    words = shlex.split(entry["command"])
    flags = [w for w in words if w.startswith(("-I", "-D", "-std"))]
    print(parts[at + 1] + "\t" + " ".join(shlex.quote(w) for w in flags))
PY

# A file finds the headers beside it by itself. The header must be the library's: the system has headers of the same name (libevent's event.h).
compiles() { # library header folder
    local flags
    flags=$(awk -F'\t' -v lib="$1" '$1 == lib { print $2 }' "$work/flags")
    printf '#include "%s"\n' "$2" >"$work/probe.c"
    (cd "$build_dir" && eval "${CC:-cc} $flags -iquote '$source_dir/lib/$1' -fsyntax-only -H '$work/probe.c'") 2>"$work/said" || return
    grep -q "^\. .*lib/$3/$2\$" "$work/said" || {
        echo "$2 is not that of lib/$3" >"$work/said"
        return 1
    }
}

passed=0
failed=0
say() { printf 'layers: %s\n' "$1"; }
for i in "${!rank[@]}"; do
    lib=${rank[$i]}
    grep -q "^$lib	" "$work/flags" || continue
    for header in "$source_dir/lib/$lib"/*.h; do
        if compiles "$lib" "$(basename "$header")" "$lib"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            say "lib/$lib cannot include its own $(basename "$header"): $(head -1 "$work/said")"
        fi
        break
    done
    for ((j = i + 1; j < ${#rank[@]}; j++)); do
        for path in "$source_dir/lib/${rank[$j]}"/*.h; do
            [ -e "$path" ] || break
            header=$(basename "$path")
            if compiles "$lib" "$header" "${rank[$j]}"; then
                say "lib/$lib can include $header of lib/${rank[$j]}, which is ranked after it"
                failed=$((failed + 1))
            elif grep -q "$header" "$work/said"; then
                passed=$((passed + 1))
            else
                say "lib/$lib and $header: failed for another reason: $(head -1 "$work/said")"
                failed=$((failed + 1))
            fi
            break
        done
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
