#!/bin/sh
# keyring_session.sh KIND COMMAND…: run COMMAND with a session bus of its own and a real gnome-keyring.
#   unlocked   the keyring is there and open; $KEYRING_PID is the process that serves it
#   bare       the bus can start a keyring, but nobody has made one yet
# HOME and XDG_RUNTIME_DIR must be throw-away directories. The exit code is COMMAND's, or 98 if the keyring did not start.
set -u
if [ "${MAESTRO_TEST_BUS-}" != 1 ]; then
    unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY
    MAESTRO_TEST_BUS=1 exec dbus-run-session -- "$0" "$@"
fi
kind=$1
shift
if [ "$kind" = unlocked ]; then
    mkfifo "$XDG_RUNTIME_DIR/password"
    gnome-keyring-daemon --foreground --unlock --components=secrets <"$XDG_RUNTIME_DIR/password" >/dev/null 2>&1 &
    KEYRING_PID=$!
    export KEYRING_PID
    trap 'kill -CONT "$KEYRING_PID"; kill "$KEYRING_PID"' EXIT
    printf 'open sesame' >"$XDG_RUNTIME_DIR/password"
    tries=0
    until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \
        string:org.freedesktop.secrets >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] && kill -0 "$KEYRING_PID" || exit 98
        sleep 0.05
    done
fi
"$@"
