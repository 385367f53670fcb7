#!/bin/sh
# install-debian.sh DIRECTORY "SUITE …" PACKAGE…: unpacks packages of other Debian suites, with all they need, in DIRECTORY.
# The mirror is the one this machine's apt uses; neither its state nor its files are touched. TARGET names the suite that
# is preferred. Nothing is done if DIRECTORY is complete.
set -eu

PLACE=$(realpath -m "$1")
SUITES=$2
shift 2
[ -e "$PLACE/.complete" ] && exit 0

MIRROR=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | sort -u | awk '$1 !~ /-/ { print $2; exit }')
OWN=$PLACE/.apt
mkdir -p "$OWN/lists/partial" "$OWN/cache/archives/partial" "$OWN/debs"
: >"$OWN/status"
cat >"$OWN/own.sources" <<SOURCES
Types: deb
URIs: $MIRROR
Suites: $SUITES
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES

apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$OWN/own.sources" -o Dir::Etc::sourceparts=/nonexistent \
        -o Dir::State::lists="$OWN/lists" -o Dir::State::status="$OWN/status" -o Dir::Cache="$OWN/cache" \
        ${TARGET:+-o APT::Default-Release="$TARGET"} -o APT::Install-Recommends=false -o Debug::NoLocking=1 \
        -o APT::Sandbox::User=root -o DPkg::Post-Invoke::= -o APT::Update::Post-Invoke::= "$@"
}

apt update
# Of each package the name and the version: the epoch's colon is written %3a in file names.
wanted=$(apt -y --print-uris install "$@" | sed -E "s/^'[^']+' ([^ ]+) .*/\1/; s/_[a-z0-9]+\.deb$//; s/_/=/; s/%3a/:/")
(cd "$OWN/debs" && apt download $wanted)
for package in "$OWN"/debs/*.deb; do dpkg-deb -x "$package" "$PLACE"; done
rm -rf "$OWN"
touch "$PLACE/.complete"
