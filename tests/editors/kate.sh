#!/bin/sh
# kate.sh FILE LOG: in Kate on a display of its own, saves FILE, lets the first code action mend it, and saves it again. LOG is
# where everything the server says is written to.
set -u
export DISPLAY=:$((100 + $$ % 800))

until_so() {
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "never: $*" >&2
    exit 1
}

said() { grep -q "$1" "$LOG"; }
press() { xdotool key --delay 100 "$@"; }
mended() {
    press ctrl+s
    ! grep -q 'import os' "$FILE"
}

FILE=$1
LOG=$2
Xvfb "$DISPLAY" -screen 0 1200x800x24 >/dev/null 2>&1 &
display=$!
trap 'kill $editor $display' EXIT
until_so xdotool getdisplaygeometry
dbus-run-session -- kate --block "$FILE" >/dev/null 2>&1 &
editor=$!
until_so said '"capabilities"'
until_so xdotool search --onlyvisible --class kate
xdotool windowfocus --sync "$(xdotool search --onlyvisible --class kate | tail -1)"
xdotool mousemove 300 250 click 1
press Return ctrl+s
until_so said 'imported but unused'
press alt+Return
until_so said 'safe to fix'
press Down Return
until_so mended
