#!/usr/bin/env bash
# venv.sh FOLDER : a Python environment of its own for FOLDER under target/, from FOLDER/requirements.txt (every version
# pinned, every file checked by hash; FOLDER/build-requirements.txt first, if there is one). Redone only when a
# requirement changed. Prints the path of its python. Exit 3: it cannot be had here (no network, no such wheel).
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
INSTALL_WITHIN_S=600

(($# == 1)) || fail 2 "usage: venv.sh FOLDER"
folder=$ROOT/$1
[[ -f $folder/requirements.txt ]] || fail 2 "$1 has no requirements.txt"
"$DEV/ensure.sh" python
home=$TARGET/venv/${1//\//-}
# One at a time: whoever comes second finds it done.
mkdir -p "$TARGET/venv"
exec 8>"$home.lock"
flock 8
want=$(cat "$folder"/*requirements.txt <(python3 --version) | sha256sum | cut -d' ' -f1)
if [[ -x $home/bin/python && -r $home/stamp && $(<"$home/stamp") == "$want" ]]; then
    echo "$home/bin/python"
    exit 0
fi

say "installing the Python packages of $1"
rm -rf "$home"
python3 -m venv "$home" >&2 || fail 3 "python3 cannot make an environment here"
log=$home/install.log
install() {
    timeout "$INSTALL_WITHIN_S" "$home/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        --require-hashes "$@" >>"$log" 2>&1
}
if [[ -f $folder/build-requirements.txt ]]; then
    install -r "$folder/build-requirements.txt" || { tail -n 5 "$log" >&2 && fail 3 "pip could not install what builds $1"; }
fi
# Without isolation a package that comes as source is built with the pinned tools and nothing else.
install --no-build-isolation -r "$folder/requirements.txt" ||
    { tail -n 5 "$log" >&2 && fail 3 "pip could not install the requirements of $1"; }
printf '%s' "$want" >"$home/stamp"
echo "$home/bin/python"
