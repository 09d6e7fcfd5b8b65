# shellcheck shell=bash
# setup.sh - sourced by run, test and bench: installs what is missing, sets up build folders.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # for those who source this
python=/usr/bin/python3 # Debian's own: the one that sees Debian's python3-* packages
export PYTHONDONTWRITEBYTECODE=1
jobs=$(nproc)

say() { printf '== %s\n' "$*"; }

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "Missing: $missing. Install these as root and start again."
    fi
}

# need_packages KIND…: what .ci/packages lists for these and dpkg does not know
need_packages() {
    local name kind
    missing=
    while read -r name kind _; do
        case " $* " in *" $kind "*) ;; *) continue ;; esac
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' ||
            missing="$missing $name"
    done < <(grep -v '^#' "$top/.ci/packages")
    missing=${missing# }
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "Missing: $missing (names of Debian 12). Install these and start again."
    say "installs what is missing: $missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $missing >/dev/null
}

# build_in FOLDER COMPILER MESON-OPTION…: sets up once, builds, puts the programs into FOLDER/bin
build_in() {
    local folder=$1 compiler=$2 name
    shift 2
    if [ ! -e "$folder/build.ninja" ]; then
        mkdir -p "$folder"
        CC=$compiler meson setup "$folder" "$top" "$@" >"$folder/setup.log" ||
            { cat "$folder/setup.log" >&2 && return 1; }
    fi
    ninja -C "$folder" -j "$jobs" >"$folder/build.log" ||
        { grep -a -v '^\[' "$folder/build.log" >&2 && return 1; }
    mkdir -p "$folder/bin"
    for name in adapters/weir-adapter broker/weir-broker broker/weir-relay cli/weir; do
        [ ! -e "$folder/$name" ] || ln -f "$folder/$name" "$folder/bin/"
    done
}

# release_build FOLDER MESON-OPTION…: as it is installed: no sanitizers
release_build() {
    local folder=$1
    shift
    build_in "$folder" gcc --buildtype=release -Db_lto=true -Db_sanitize=none "$@"
}
