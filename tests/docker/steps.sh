#!/usr/bin/env bash
# steps.sh: runs the steps of docker/Dockerfile by hand, for machines without a Docker engine.
#
# Each RUN and COPY is taken from the file itself. Folders of the image become folders of a temporary
# one; packages are not installed but asked of apt: each must exist, and those of the last stage must
# hold every library that the programs need. At the end the programs run from the image's tree.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work top

/usr/bin/python3 - "$top/docker/Dockerfile" >"$work/steps" <<'PY'
import re, sys
text = re.sub(r"(?m)^\s*#.*\n", "", open(sys.argv[1]).read()).replace("\\\n", " ")
stage = -1
for line in filter(None, map(str.strip, text.splitlines())):
    verb, _, rest = line.partition(" ")
    stage += verb == "FROM"
    print(f"{stage}\t{verb}\t{re.sub(r'[ ]+', ' ', rest)}")
PY

in_work() { # the image's absolute folders, in the temporary one
    sed -E "s#(^|[ =])/(src|build|out)\b#\1$work/\2#g" <<<"$1"
}

packages_of() {
    grep -oE 'apt-get install [^&]*' <<<"$1" | tr ' ' '\n' | grep -vE '^(apt-get|install|-.*)?$'
}

run_step() { # STAGE TEXT
    local part packages
    packages=$(packages_of "$2" || true)
    if [ -n "$packages" ]; then
        # shellcheck disable=SC2086 # a list
        apt-get install -s --no-install-recommends $packages >/dev/null
        printf '%s\n' "$packages" >"$work/packages.$1"
    fi
    while read -r part; do
        case $part in
        'apt-get '* | 'rm -rf /var/lib/apt/lists'*) ;;
        'useradd '*) grep -q -- '--uid 10001' <<<"$part" ;;
        'install -d '*) mkdir -p "$work/root/var/lib/weir" ;;
        *) (cd "$work/src" && eval "$(in_work "$part")") ;;
        esac
    done <<<"${2// && /$'\n'}"
}

copy_step() {
    case $1 in
    '. .')
        mkdir -p "$work/src"
        (cd "$top" && git ls-files -z | tar --null -T - -cf -) | tar -C "$work/src" -xf -
        ;;
    '--from=build /out/ /')
        mkdir -p "$work/root"
        cp -a "$work/out/." "$work/root/"
        ;;
    *)
        echo "steps.sh does not know COPY $1" >&2
        return 1
        ;;
    esac
}

user=
while IFS=$'\t' read -r stage verb rest; do
    echo "stage $stage: $verb $rest"
    case $verb in
    FROM) [ "${rest%% *}" = debian:12-slim ] ;;
    RUN) run_step "$stage" "$rest" ;;
    COPY) copy_step "$rest" ;;
    USER) user=$rest ;;
    WORKDIR | ENV | VOLUME | STOPSIGNAL | HEALTHCHECK | ENTRYPOINT | CMD | SHELL) ;;
    *)
        echo "steps.sh does not know $verb" >&2
        exit 1
        ;;
    esac
done <"$work/steps"
[ "$user" = 10001 ] || { echo "the image does not run as weir" >&2 && exit 1; }

# every library that the programs name comes from a package of the last stage or from its base
echo "libraries of the last stage"
for program in weir weir-adapter weir-broker weir-relay; do
    [ -x "$work/root/usr/bin/$program" ] || { echo "$program is not in the image" >&2 && exit 1; }
    readelf -d "$work/root/usr/bin/$program" | sed -nE 's/.*NEEDED.*\[(.*)\]/\1/p'
done | sort -u | while read -r library; do
    case $library in libc.so.* | libm.so.* | libpthread.so.* | ld-linux*) continue ;; esac
    path=$(ldconfig -p | awk -v l="$library" '$1 == l && !p { p = $NF } END { print p }')
    owner=$(dpkg -S "$path" 2>/dev/null || dpkg -S "$(readlink -f "$path")" 2>/dev/null || dpkg -S "/usr$path")
    owner=${owner%%:*}
    grep -qx "$owner" "$work/packages.1" || { echo "$library is of $owner, which the image lacks" >&2 && exit 1; }
done

echo "the programs run from the image's tree"
PATH=$work/root/usr/bin:$PATH
weir --help >/dev/null
mkdir -p "$work/site/keys"
cp "$top/config/weir.yaml" "$work/site/"
for name in pseudonym audit; do
    (umask 077 && head -c 32 /dev/urandom | base64 >"$work/site/keys/$name.key")
done
WEIR_DATA=$work/root/var/lib/weir WEIR_MAPS=$work/root/usr/share/weir/adapters weir check "$work/site/weir.yaml"

# the services of compose.sectors.yaml, each as it stands there; the image's folders are those of $work
echo "the services of compose.sectors.yaml"
export WEIR_DATA=$work/root/var/lib/weir WEIR_MAPS=$work/root/usr/share/weir/adapters
sed -E -e 's/127\.0\.0\.1:25/127.0.0.1:45/; s/127\.0\.0\.1:91/127.0.0.1:41/; s/:-2575/:-4575/' -e '/^  make: true/d' \
    -e "s#\\\$\{WEIR_KEYS:-keys\}#keys#" "$top/config/demo/region.yaml" >"$work/site/weir.yaml"
cp "$top/config/demo/region-tables.csv" "$work/site/"
mkdir -p "$WEIR_DATA/../drop/epcr" "$WEIR_DATA/../drop/csds" "$WEIR_DATA/../drop/mhsds"
/usr/bin/python3 - "$top/docker/compose.sectors.yaml" "$work/site" >"$work/services" <<'PY'
import shlex, sys, yaml
for service in yaml.safe_load(open(sys.argv[1]))["services"].values():
    print(shlex.join(service["entrypoint"] + service["command"]).replace("/etc/weir", sys.argv[2]))
PY
started=()
while read -r service; do
    $service >>"$work/services.log" 2>&1 &
    started+=($!)
done <"$work/services"
all_up() { # every service tells of itself
    weir status -c "$work/site/weir.yaml" >"$work/status" 2>&1 || return 1
    for name in broker acute ambulance community mental-health; do
        grep -qx "$name" "$work/status" || return 1
    done
}
up=no
for _ in $(seq 300); do
    all_up && up=yes && break
    sleep 0.1
done
kill "${started[@]}"
wait "${started[@]}" || true
[ "$up" = yes ] || { cat "$work/status" "$work/services.log" >&2 && exit 1; }
