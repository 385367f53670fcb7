#!/bin/sh
# over.sh DIRECTORY COMMAND…: runs a command where what install-debian.sh unpacked lies over this machine's /usr and /etc,
# in a mount namespace of its own: nothing outside it changes. Needs root and overlayfs.
PLACE=$(realpath "$1")
shift
exec unshare --mount --propagation private -- sh -c '
    place=$1
    shift
    mount -t overlay overlay -o "lowerdir=$place/usr:/usr" /usr || exit 125
    if [ -d "$place/etc" ]; then mount -t overlay overlay -o "lowerdir=/etc:$place/etc" /etc || exit 125; fi
    exec "$@"' over "$PLACE" "$@"
