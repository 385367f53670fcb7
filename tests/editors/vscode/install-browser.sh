#!/bin/sh
# Installs the browser that shows the editor. Where it cannot, it says so and fails with 77: those tests are skipped then.
set -u

there() { [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; }

leave() {
    echo "install-browser: $1; the tests in a real VS Code are skipped." >&2
    exit 77
}

there && exit 0
command -v apt-get >/dev/null 2>&1 || leave "no apt-get here to install chromium with"
[ "$(id -u)" = 0 ] || leave "not root: run 'apt-get install chromium fonts-dejavu-core' as root"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1
there || leave "installing chromium failed"
