#!/usr/bin/env bash
# No function of ours may have the name of one that a linked library exports: the linker would bind callers to the wrong one without a word.
# Use: symbols.sh BUILD_DIR
set -euo pipefail
build=$1
ours=$(mktemp)
theirs=$(mktemp)
trap 'rm -f "$ours" "$theirs"' EXIT
program=$build/adapters/weir-adapter
find "$build/lib" -name '*.a' -print0 | xargs -0 nm --defined-only 2>/dev/null | awk '$2 ~ /^[TDBR]$/ {print $3}' | sort -u >"$ours"
ldd "$program" | awk '$3 ~ /^\// {print $3}' | grep -v -E '/lib(asan|ubsan|tsan)' | xargs nm -D --defined-only 2>/dev/null |
    awk 'NF >= 3 {sub(/@.*/, "", $3); print $3}' | sort -u >"$theirs"
if [ ! -s "$ours" ] || [ ! -s "$theirs" ]; then
    echo "symbols: nothing to compare; build first" >&2
    exit 1
fi
clash=$(comm -12 "$ours" "$theirs" | grep -v -E '^__?(asan|ubsan|odr_asan)' || true)
if [ -n "$clash" ]; then
    echo "symbols: names that a linked library has too:" >&2
    echo "$clash" >&2
    exit 1
fi
echo "1 passed, 0 failed"
