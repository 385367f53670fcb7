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
rm rmdir unlink shred srm del erase rd trash wipefs dd truncate remove-item
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
xargs parallel eval watch at batch script expect vim vi nvim ex ed emacs
""")

WRAPPER = table("""
env nohup setsid timeout nice time
""")

PRIVILEGE = table("""
sudo doas su pkexec runuser runas gsudo newgrp visudo
chmod chown chgrp chattr setfacl icacls takeown attrib setcap
useradd usermod passwd
""")

PUBLISH = table("""
twine semantic-release release-it goreleaser np
npm: publish unpublish deprecate dist-tag
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
iwr irm invoke-webrequest invoke-restmethod certutil bitsadmin
""")

INSTALL = table("""
npx pnpx bunx uvx easy_install
pip: install download wheel uninstall
pipx: install run inject
uv: pip add sync tool remove
poetry pdm: install add update remove
pipenv: install sync
conda mamba: install create update
npm: install i ci add update upgrade uninstall exec init create
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
