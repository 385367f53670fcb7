#!/bin/sh
# Installs what the tests of the system keyring need: gnome-keyring and a private session bus. Does nothing if they are
# there. Where it cannot install, it says so and succeeds: those tests are skipped then, and say why.
set -u

there() { command -v gnome-keyring-daemon >/dev/null 2>&1 && command -v dbus-run-session >/dev/null 2>&1; }

leave() {
    echo "install-keyring: $1; the tests with a real keyring will be skipped." >&2
    exit 0
}

there && exit 0
command -v apt-get >/dev/null 2>&1 || leave "no apt-get here to install gnome-keyring and dbus with"
[ "$(id -u)" = 0 ] || leave "not root: run 'apt-get install gnome-keyring dbus' as root"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends gnome-keyring dbus; } >/dev/null 2>&1
there || leave "installing gnome-keyring and dbus failed"
