"""Programs by what they do: one a line, with the words that make them do it; without words always."""

from collections.abc import Mapping

from maestro.intents.commands import Program


def table(text: str) -> Mapping[str, frozenset[str]]:
    """`npm yarn: publish` as the words of each program."""
    rows = (line.partition(":") for line in text.strip().splitlines())
    return {name: frozenset(words.split(" ")) - {""} for names, _, words in rows for name in names.split()}


def is_in(rows: Mapping[str, frozenset[str]], program: Program) -> bool:
    """Whether a program stands in a table, and is told one of the words there."""
    words = rows.get(program.name)
    return words is not None and (not words or not words.isdisjoint(program.words))


DELETE = table("""
rm rmdir unlink shred srm del erase rd trash wipefs dd truncate remove-item sponge
""")

DROP_DATA = table("""
dropdb dropuser
redis-cli: flushall flushdb del
python manage.py django-admin: flush
rails rake: db:drop db:reset db:purge
prisma: reset
alembic: downgrade
mysqladmin: drop
""")

INDIRECT = table("""
xargs parallel eval watch at batch script expect vim vi nvim ex ed emacs entr fzf
taskset setarch linux busybox toybox ssh-agent dbus-run-session xvfb-run fakeroot proot faketime rlwrap prlimit numactl
cgexec valgrind gdb lldb strace ltrace catchsegv eatmydata flock chrt unbuffer systemd-inhibit ld.so ld-linux-x86-64.so
timeit pdb code runpy
""")

WRAPPER = table("""
env nohup setsid timeout nice time stdbuf ionice
""")

UNWATCHED = table("""
nohup setsid daemonize daemon systemd-run start-stop-daemon at batch crontab anacron tmux screen dtach abduco zellij
disown start launchctl pm2 supervisord
git: maintenance daemon
""")

PRIVILEGE = table("""
sudo doas su pkexec runuser runas gsudo newgrp visudo
chmod chown chgrp chattr setfacl icacls takeown attrib setcap
useradd usermod passwd unshare nsenter chroot bwrap firejail
""")

PUBLISH = table("""
twine semantic-release release-it goreleaser np
npm: deprecate dist-tag access owner team token
yarn pnpm bun lerna changeset cargo poetry uv hatch flit pdm gradle gradlew vsce ovsx: publish
gem: push yank
dotnet nuget docker podman helm oras hg: push
mvn mvnw: deploy
mix: hex.publish
gh glab: release create merge delete
conda anaconda: upload
pod: trunk
svn: commit
""")

DEPLOY = table("""
kubectl helm terraform tofu pulumi ansible ansible-playbook nomad packer salt chef puppet oc eb cdk sls serverless
aws gcloud az doctl heroku fly flyctl vercel netlify wrangler firebase supabase
systemctl service launchctl shutdown reboot halt poweroff crontab mount umount
kill pkill killall taskkill
iptables nft ufw sysctl modprobe insmod reg schtasks sc
docker podman: rm rmi prune kill stop
""")

NETWORK = table("""
curl wget http https httpie xh aria2c lynx
ssh scp sftp ftp rsync rclone nc ncat netcat socat telnet nmap ping dig nslookup host openssl
gh glab
http.server torsocks proxychains
iwr irm invoke-webrequest invoke-restmethod certutil bitsadmin
""")

INSTALL = table("""
npx pnpx bunx uvx easy_install ensurepip
pip: install download wheel uninstall
pipx: install run inject
uv: pip add sync tool remove
poetry pdm: install add update remove
pipenv: install sync
conda mamba: install create update
pnpm: install i add update dlx create
yarn: install add upgrade dlx create
bun: install add create x
deno: install add
cargo: install add update
go: get install
gem: install update
bundle: install update
composer: install require update
dotnet: add restore tool
mix: deps.get
brew: install upgrade uninstall tap
apt apt-get aptitude: install remove purge upgrade
dnf yum zypper: install remove
apk: add del
snap flatpak choco winget scoop code: install
docker podman: pull build
""")

_NPM_INSTALLS = frozenset(
    "install isntall isntall-ci install-test it cit ci clean-install ic install-ci-test add update upgrade udpate "
    "uninstall unlink remove rm r un exec x init innit create link ln rebuild rb dedupe ddp find-dupes prune audit"
    .split()
)  # fmt: skip


def npm_installs(program: Program) -> bool:
    """npm takes any beginning of its words that is clear: `in` is `install`."""
    return program.name == "npm" and any(word.startswith(told) for told in _told(program) for word in _NPM_INSTALLS)


def npm_publishes(program: Program) -> bool:
    """With the beginnings that npm takes."""
    return program.name == "npm" and any(
        word.startswith(told) for told in _told(program) if len(told) > 2 for word in ("publish", "unpublish")
    )


def _told(program: Program) -> tuple[str, ...]:
    """The first words; before npm's own there may be the value of an option."""
    words = tuple(word for word in program.words[:3] if word)
    runs = next((at for at, word in enumerate(words) if word in _NPM_RUNS), len(words))
    return words[:runs]


_NPM_RUNS = frozenset("run run-script rum urn test t tst start stop restart".split())
"""What follows these is the name of a script."""
