# Sourced by the other scripts: finds Python, makes a virtual environment, installs the project.
# Sets root, python (of the environment) and stops with one plain line where something is missing.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

stop() {
    echo "$(basename "$0"): $1" >&2
    exit 3
}

# The first Python on the path that is new enough.
find_python() {
    local candidate
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or newer on the path; install one (Debian: apt-get install python3)"
}

# Debian keeps venv in a package of its own.
need_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && apt-get install -y -qq python3-venv && return
    fi
    stop "Python has no venv module; install it (Debian: apt-get install python3-venv)"
}

# environment FOLDER [EXTRA]: the project, editable, in a virtual environment; kept while its
# requirements do not change.
environment() {
    local folder=$1 extra=${2:-} base wanted
    base=$(find_python)
    need_venv "$base"
    wanted="$("$base" --version) $root $extra $(cat "$root/setup.cfg" "$root/pyproject.toml" | cksum)"
    python="$folder/bin/python"
    if [ ! -x "$python" ] || [ "$(cat "$folder/installed" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$folder"
        "$base" -m venv "$folder" || stop "could not make a virtual environment in $folder"
        "$python" -m pip install --quiet --quiet --disable-pip-version-check -e "$root$extra" ||
            stop "pip could not install the project; it needs a package index it can reach"
        echo "$wanted" >"$folder/installed"
    fi
}
