"""What raises the risk of a call: every rule has calls it is about, and calls that are nearly so."""

import shlex
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.intents.assess import RULES, assess, broad_scope, risk_of
from maestro.intents.commands import programs
from maestro_protocol.base import JsonObject
from maestro_protocol.intents import Assessment, RiskLevel
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations
from tests.unit.intents.support import BUILT_IN, command, edit, fetch

WORST = ToolAnnotations()

COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    # rule: commands it is about, commands it is not about
    "command": (["pytest -q", "git status"], []),
    "delete": (
        ['git checkout notes.md', 'git checkout -- x', 'git checkout -qf x', 'git restore --staged --worktree a',
         'git switch --discard b', 'git switch -C b', 'cp /dev/null x', 'cp -f -- /dev/null x', 'tee notes.md',
         'taskset 1 rm x', 'setarch -R rm x', 'busybox rm x', 'ssh-agent rm x', 'unshare -r rm x',
         'script -c "rm x"', 'env -S "rm -f x"', 'rsync --del a b', 'nohup rm x', 'git read-tree --reset HEAD', 
            "rm a", "/bin/rm -rf a", "rmdir a", "git clean -fdx", "git -C sub clean -f", "git checkout -- a",
            "git checkout .",
            "git restore a", "git stash drop", "find . -exec rm {} +", "sudo rm a", "env A=1 rm a", "timeout 5 rm a",
            "xargs -n1 rm", "sh -c 'ls && rm a'", "uv run rm a", "rsync --delete a b", "dd if=a of=b",
            "mkfs.ext4 /dev/x",
        ],
        ['git restore --staged a', 'git switch topic', 'tee -a x', 'cp a b', 'git checkout', "git status",
         "pytest -k delete", "git checkout -b topic", "git stash", "ls rm.txt", "git commit -m clean"],
    ),
    "dropData": (
        ["psql -c 'DROP TABLE a'", "mysql -e 'truncate users'", "sqlite3 a.db 'delete from a'", "redis-cli FLUSHALL",
         "rails db:drop", "python manage.py flush", "dropdb a"],
        ["psql -c 'select 1'", "sqlite3 a.db 'delete from a where id = 1'", "grep drop a.py", "redis-cli get a"],
    ),
    "shell": (
        ["python3 '-Icimport os;os.unlink(1)'", "perl '-weunlink 1'", "perl '-Mstrict;unlink(1)'", 'ruby -we x',
         'node -pe x', 'node --import=data:text/javascript,x', 'busybox sh -c ls', 'php -dauto_prepend_file=x a.php',
         'powershell ls', "sh -c ls", "bash -lc ls", "/usr/bin/bash -ec ls", "python -c 'print(1)'",
         "python3.11 -Ic x",
         "python3 -cx", "perl -e x",
         "perl -pie x a", "node -e x", "node --eval=x", "node --eval x", "ruby -e x", "cmd.exe /c dir",
         "pwsh -Command ls",
         "env bash -c ls", "php -r x", "deno eval x", "sudo -u a sh -c ls"],
        ['ruby -Itest test.rb', 'ruby -rset a.rb', 'python -Xdev a.py', 'perl -Ilib a.pl',
         'perl -MData::Dumper a.pl', 'powershell -File a.ps1', "sh script.sh", "bash -e script.sh",
         "python script.py", "python -m pytest", "node app.js",
         "pytest -c a.ini",
         "python -Werror a.py"],
    ),
    "shellScript": (["sh a.sh", "bash -e a.sh"], ["sh -c ls", "python a.py"]),
    "indirect": (
        ['env -S "rm -f x"', 'env -vSls', 'env -i ls', 'env A=1 -S ls', "make '--eval=$(shell ls)'", 'make --ev=x',
         'gmake -E x', 'taskset 1 ls', 'setarch x86_64 ls', 'busybox ls', 'ssh-agent ls', 'script -c ls',
         'tar -I ./evil -xf a', 'tar xfI a ./evil', 'tar -I./evil -xf a', 'tar --use-compress=./evil -xf a',
         'tar -F ./x -cf a b', 'sort --compress-program=./x a', 'sort --compress-p ./x a', 'split --filter=./x a',
         "sqlite3 x '.shell ls'", "sqlite3 x '.system ls'", "sqlite3 x '.sh ls'", "sqlite3 -cmd '.load x' x",
         "sqlite3 x 'select 1;\n .shell ls'", "psql -c '\\! ls'", 'rg --pre ./x a', 'go test -exec ./x',
         "python -m timeit 'x'", "xargs rm", "find . -delete", "find . -execdir ls {} ;", "fd -x ls", "parallel ls",
         "awk 'BEGIN{system(\"ls\")}'",
         "tar -xf a --checkpoint-action=exec=ls", "sed s/a/b/e f", "vim -c '!ls'", "rsync -e 'sh x' a b"],
        ['make test', 'sort -u a', 'split -l 1 a', 'sqlite3 x .tables', 'tar czf a.tgz b', 'env A=1 ls', 'rg pre a',
         "find . -name a", "awk '{print}' a", "tar -xf a", "sed s/a/b/ f", "fd a"],
    ),
    "convoluted": (["env " * 210 + "rm a", "env git" + " -q" * 300 + " push"], ["env " * 20 + "rm a",
    "ls" + " a" * 300]),
    "wrapper": (["env A=1 pytest", "nohup pytest", "timeout 5 pytest"], ["pytest"]),
    "shellOperator": (
        ["git show '>' x", "git show '>x'", "git log '2>&1'", "ls '|' wc", "ls '&&' ls", "ls ';' ls",
         "echo '$(ls)'", "cat '<' a"],
        ["grep 'a|b' x", "grep '<div>' x", "git commit -m 'a; b'", "echo 'a -> b'"],
    ),
    "metacharacters": (["grep 'a|b' x", "ls '*.py'", "echo '`ls`'", "echo $HOME"], ["pytest -q tests",
    "git show HEAD~1"]),
    "privilege": (['unshare -r ls', 'chroot x ls', "sudo ls", "chmod 777 a", "chown a b", "doas ls", "env sudo ls"],
         ["ls", "git show sudo"]),
    "gitHistory": (
        ['git reset --har', 'git reset --ha HEAD~1', 'git commit --amen', 'git branch --del a', 'git branch -C a b',
         "git push", "git push --force", "git -c a.b=c push", "git reset --hard", "git rebase main",
         "git commit --amend",
         "git branch -D a", "git tag -d a", "git remote add a b", "git filter-branch", "git fetch --force",
         "sh -c 'git push'"],
        ['git branch --format x', "git log", "git commit -m push", "git reset a", "git branch", "git remote -v",
         "npm install --force"],
    ),
    "gitPrograms": (
        ['git config core.hooksPath list', 'git config core.pager --get', 'git config --global core.pager get',
         'git config --add a.b c', 'git config -f x a.b', 'git grep -O./evil.sh x', 'git grep --open-files=./x y',
         'git difftool -x ./evil', 'git difftool', 'git mergetool', 'git diff --ext-d', 'git clone --template=x y',
         'git --git-dir=evil log', "git config core.pager x", "git -c core.pager=x log", "git --config-env=a=b log",
         "git fetch --upload-pack=x"],
        ['git config user.name', 'git config --list', 'git config --global --get a.b', 'git config get user.name',
         'git config --show-origin -l', 'git grep x', 'git diff -O order', "git config --get user.name", "git log",
         "python -c x", "git commit -c HEAD"],
    ),
    "unwatched": (
        ["setsid ls", "nohup ls", "daemonize ls", "systemd-run ls", "at now", "crontab x", "tmux new -d ls",
         "git maintenance start", "sh -c 'nohup ls &'"],
        ["git log", "ls at"],
    ),
    "container": (
        ["docker run -v /:/x a", "docker run -itv /:/x a", "docker run -v/:/x a", "podman run --mount type=bind a",
         "docker run --privileged a", "docker create --volume a:b c", "podman run --volumes-from a b"],
        ["docker run a", "docker ps -v"],
    ),
    "publish": (
        ['npm publ', "npm publish", "twine upload a", "python -m twine upload", "cargo publish", "docker push a",
         "gh release create",
         "uv publish", "gem push a", "npx semantic-release"],
        ["npm test", "cargo build", "docker images", "uv run pytest"],
    ),
    "deploy": (["kubectl apply -f a", "terraform destroy", "aws s3 ls", "systemctl stop a", "kill 1",
    "docker rm a"], ["docker ps"]),
    "network": (["curl x", "wget x", "ssh a", "git clone a", "git pull", "nc a 1", "sh -c 'curl x | sh'"],
    ["git log", "ls curl"]),
    "install": (
        ['npm x a', 'npm in', 'npm ins a', 'npm --prefix x in', 'npm rb', 'python -mpip install a',
         'python -Im pip install a', "pip install a", "pip3 install a", "python -m pip install a", "npm i", "npm ci",
         "npx a", "yarn",
         "uv pip install a",
         "apt-get install a", "brew install a", "cargo install a", "go get a", "sudo apt install a"],
        ['npm run build', 'npm t', 'npm run x', 'npm start', "pip list", "npm test", "yarn test", "cargo test",
         "go test", "uv run pytest"],
    ),
}  # fmt: skip

PATHS: dict[str, tuple[list[str], list[str]]] = {
    "edit": (["src/a.py"], []),
    "outsideFolder": (["../a", "a/../../b", "~/a", "/etc/passwd", "C:/x", "C:\\x"], ["a/../b", "..a"]),
    "ignoreRules": (
        [".gitignore", "a/.gitignore", ".git/info/exclude", ".maestroignore", ".dockerignore", ".ignore"],
        ["src/ignore.py", "gitignore.md"],
    ),
    "ci": (
        [".github/workflows/ci.yml", "a/../.github/workflows/ci.yml", ".GitHub/Workflows/ci.yml", ".gitlab-ci.yml",
         "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml", ".ci/run", "./.github\\workflows\\a.yml"],
        ["docs/ci.md", "src/jenkins.py", "github/workflows.md"],
    ),
    "security": (
        ["src/auth/a.py", "src/AuthService.ts", "a/login.py", "lib/oauth2.go", "permissions.py", "crypto/aes.c",
         "my_secrets.py",
         "OAuth2Client.java", "JWTHelper.kt"],
        ["src/author.py", "src/a.py", "lib/cryptogram.txt", "authored/x.py"],
    ),
    "secretFile": ([".env", "a/.env.local", "server.pem", ".npmrc", ".ssh/config"], ["src/env.py", "keys.py"]),
    "migration": (
        ["app/migrations/0001.py", "db/migrate/1.rb", "alembic/versions/a.py", "prisma/schema.prisma",
         "V1__init.sql"],
        ["docs/migrating.md", "src/db.py"],
    ),
    "lockFile": (["package-lock.json", "web/yarn.lock", "uv.lock", "Cargo.lock", "go.sum"], ["lock.py",
    "src/lock/a.py"]),
    "dependencies": (
        ["package.json", "requirements.txt", "requirements-dev.txt", "pyproject.toml", "go.mod", "Cargo.toml",
         "Dockerfile"],
        ["packages.py", "tsconfig.json"],
    ),
    "runsLater": (
        ["Makefile", "tests/conftest.py", "setup.py", "pyproject.toml", "package.json", ".git/config",
         ".git/hooks/pre-commit",
         ".gitattributes", ".pre-commit-config.yaml", ".husky/pre-push", "build.rs", "vite.config.ts"],
        ["src/make.py", "src/a.py", "git/config.py"],
    ),
    "editorConfiguration": (
        [".vscode/tasks.json", ".maestro.toml", ".maestroignore", ".maestro/a", ".devcontainer/a.json", "AGENTS.md",
         ".mcp.json",
         ".idea/a.xml", ".nvim.lua"],
        ["src/vscode.py", "maestro.py"],
    ),
}  # fmt: skip


def ids(assessments: Iterable[Assessment]) -> set[str]:
    return {one.id for one in assessments}


def rules_of(subject: PermissionSubject, annotations: ToolAnnotations = BUILT_IN) -> set[str]:
    return ids(assess(subject, annotations, True, True))


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule, (lines, _) in COMMANDS.items() for line in lines])
def test_a_command_that_a_rule_is_about(rule: str, line: str) -> None:
    assert rule in rules_of(command(*shlex.split(line)))


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule, (_, lines) in COMMANDS.items() for line in lines])
def test_a_command_that_a_rule_is_not_about(rule: str, line: str) -> None:
    assert rule not in rules_of(command(*shlex.split(line)))


@pytest.mark.parametrize(("rule", "path"), [(rule, path) for rule, (paths, _) in PATHS.items() for path in paths])
def test_a_path_that_a_rule_is_about(rule: str, path: str) -> None:
    assert rule in rules_of(edit(path))


@pytest.mark.parametrize(("rule", "path"), [(rule, path) for rule, (_, paths) in PATHS.items() for path in paths])
def test_a_path_that_a_rule_is_not_about(rule: str, path: str) -> None:
    assert rule not in rules_of(edit(path))


def test_every_rule_has_examples_and_a_sentence() -> None:
    elsewhere = {
        "private",
        "deleteText",
        "deleteMuch",
        "outsideGit",
        "untracked",
        "fetch",
        "unlimited",
        "destructive",
        "openWorld",
        "deletingTool",
    }
    assert {rule.id for rule in RULES} == {*COMMANDS, *PATHS, *elsewhere}
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.reason.endswith(".") and rule.level != "low" for rule in RULES)


def test_text_that_is_only_deleted() -> None:
    assert "deleteText" in rules_of(edit("a.py", old="a", new=" \n"))
    assert "deleteText" not in rules_of(edit("a.py", old="a", new="b"))
    assert "deleteText" not in rules_of(edit("a.py", old="", new=""))


@pytest.mark.parametrize(("lines", "is_much"), [(1, False), (20, False), (21, True)])
def test_much_text_that_is_deleted(lines: int, is_much: bool) -> None:
    assert ("deleteMuch" in rules_of(edit("a.py", old="a\n" * lines, new=""))) is is_much


@pytest.mark.parametrize(
    ("old", "is_git", "tracked", "expected"),
    [
        ("a", False, None, {"outsideGit"}),
        ("a", False, False, {"outsideGit"}),
        ("a", True, False, {"untracked"}),
        ("a", True, True, set()),
        ("a", True, None, set()),
        ("", False, None, set()),
        (None, True, False, set()),
    ],
)
def test_what_git_cannot_bring_back(old: str | None, is_git: bool, tracked: bool | None, expected: set[str]) -> None:
    assert ids(assess(edit("a.py", old), BUILT_IN, is_git, tracked)) - {"edit"} == expected


def test_reading_is_low_and_fetching_is_not() -> None:
    read = PermissionSubject(type="read", tool="read_file", path=".github/workflows/ci.yml")
    assert assess(read, ToolAnnotations(read_only=True), False) == []
    assert ids(assess(fetch("https://example.com/"), ToolAnnotations(read_only=True), True)) == {"fetch"}


@pytest.mark.parametrize(
    ("annotations", "level"),
    [
        (WORST, "high"),
        (ToolAnnotations(read_only=False, destructive=True, open_world=False), "medium"),
        (ToolAnnotations(read_only=False, destructive=False, open_world=True), "medium"),
        (ToolAnnotations(read_only=False, destructive=False, open_world=False), "low"),
        (ToolAnnotations(read_only=True), "medium"),
        (ToolAnnotations(read_only=True, open_world=False), "low"),
    ],
)
def test_what_a_foreign_tool_does_not_deny_is_believed_of_it(annotations: ToolAnnotations, level: RiskLevel) -> None:
    subject = PermissionSubject(type="other", tool="ticket", input={"a": "b"})
    assert risk_of(None, assess(subject, annotations, True)).level == level


@pytest.mark.parametrize(
    ("tool", "given", "rule"),
    [
        ("delete_ticket", {}, "deletingTool"),
        ("query", {"sql": "DROP TABLE a"}, "dropData"),
        ("query", {"deep": [{"sql": "truncate table a"}]}, "dropData"),
        ("write", {"path": ".github/workflows/a.yml"}, "ci"),
        ("write", {"files": [{"file_path": "Makefile"}]}, "runsLater"),
    ],
)
def test_what_a_foreign_tool_is_given_is_looked_at(tool: str, given: dict[str, object], rule: str) -> None:
    subject = PermissionSubject.model_validate({"type": "other", "tool": tool, "input": given})
    mild = ToolAnnotations(read_only=False, destructive=False, open_world=False)
    assert rule in rules_of(subject, mild)


@pytest.mark.parametrize(
    "line",
    ["cp a .github/workflows/a.yml", "tee conftest.py", "sed -i s/a/b/ Makefile", "dd of=.git/config",
     "cp --target-directory=.github/workflows x", "cp --target=.github/workflows x", "cp -t.github/workflows x",
     "cp -t .github/workflows x", "mv x .github/workflows/", "mv x .github/workflows", "tar xf a -C .git/hooks",
     "tar xf a --directory=.git/hooks", "unzip a -d .git/hooks", "git diff --output=.git/hooks/x",
         "git mv a Makefile",
     "cp -r evil/.github .", "sort -o Makefile a", "sort -oMakefile a"],
)  # fmt: skip
def test_a_command_that_writes_a_file_is_an_edit_of_it(line: str) -> None:
    assert rules_of(command(*line.split())) & {"ci", "runsLater"}
    assert not rules_of(command("cat", "Makefile")) & {"ci", "runsLater"}


@pytest.mark.parametrize(
    "line",
    ["tee /etc/passwd", "cat /home/u/.ssh/id_rsa", "ls ~", "ls ~/x", "cat ../x", "cat a/../../x", "ls ..", "ls /",
     "grep -f/etc/passwd x", "cc -I../x a.c", "x --file=/etc/passwd", "dd if=/etc/passwd", "sh -c 'cat /etc/passwd'",
     "ls '$HOME'", "cat /work/demo2/a", "cat /work/demo/../x", "type C:/x"],
)  # fmt: skip
def test_a_command_that_leads_out_of_its_folder_is_high(line: str) -> None:
    assert "outsideFolder" in rules_of(command(*shlex.split(line)))


@pytest.mark.parametrize(
    "line",
    ["cat a", "cat /work/demo/a", "cat a/../b", "ls .", "diff /dev/null a", "git show HEAD~1", "git log a..b",
     "pytest -k a/b", "/usr/bin/cat a", "curl https://example.com/", "x --file=a"],
)  # fmt: skip
def test_a_command_that_stays_in_its_folder(line: str) -> None:
    assert "outsideFolder" not in rules_of(command(*shlex.split(line)))


PRIVATE = ("/home/u/.local/share/maestro", "/home/u/.config/maestro")


def is_private(subject: PermissionSubject) -> bool:
    found = assess(subject, BUILT_IN, True, True, private_folders=PRIVATE)
    levels = {one.risk_level for one in found if one.id == "private"}
    assert levels <= {"high"}
    return bool(levels)


@pytest.mark.parametrize(
    "line",
    ["cat /home/u/.local/share/maestro/maestro.db", "ls /home/u/.config/maestro", "grep -r a /home/u/.local",
     "cat ../.local/share/maestro/x", "cat x/../../.config/maestro/y", "cat ./../.config//maestro/",
     "tar --directory=/home/u/.config/maestro -c .", "rg -f/home/u/.config/maestro/x", "dd if=../.config/maestro/x",
     "sh -c 'cat ../.config/maestro/x'", "python -c 'open(\"/home/u/.config/maestro/k\")'", "ls ~", "ls ~/.config",
     "cat '$HOME/.local/share/maestro/x'", "cp -r .. /tmp/x", "docker run -v /home/u:/x a",
         "cat /HOME/U/.Config/Maestro/x",
     "curl -d @../.config/maestro/x", "find / -name x"],
)  # fmt: skip
def test_a_command_that_touches_what_is_private_is_high(line: str) -> None:
    assert is_private(command(*shlex.split(line), cwd="/home/u/demo"))


@pytest.mark.parametrize(
    "line",
    ["cat a", "ls .", "ls ../other", "cat /etc/passwd", "cat .config/maestro", "ls ~/demo", "pytest -q", "git push"],
)
def test_a_command_that_touches_nothing_private(line: str) -> None:
    assert not is_private(command(*shlex.split(line), cwd="/home/u/demo"))


def test_what_is_private_may_be_around_the_folder_or_in_it() -> None:
    assert is_private(command("ls", cwd="/home/u/.config/maestro/deep"))
    assert is_private(command("grep", "-r", "a", ".", cwd="/home/u"))
    assert is_private(command("cat", ".config/maestro/x", cwd="/home/u"))
    assert not is_private(command("cat", "demo/x", cwd="/home/u"))
    assert not is_private(command("cat", "../.config/maestro/x", cwd=None))  # type: ignore[arg-type]


def test_a_foreign_tool_that_is_given_a_private_path_is_high() -> None:
    given = {"path": "/home/u/.config/maestro/x"}
    subject = PermissionSubject.model_validate({"type": "other", "tool": "read", "input": given})
    assert is_private(subject)
    assert "private" in ids(assess(subject, ToolAnnotations(read_only=True), True, private_folders=PRIVATE))


def test_the_higher_of_declared_and_assessed_counts() -> None:
    medium = assess(edit("src/a.py"), BUILT_IN, True)
    assert risk_of(None, medium).level == risk_of("low", medium).level == "medium"
    assert risk_of("high", medium).level == "high"
    assert risk_of("low", []).level == "low"
    declared = risk_of("high", medium).assessments[0]
    assert (declared.by, declared.id, declared.risk_level) == ("model", "declared", "high")
    assert risk_of("high", [], by="user").assessments[0].by == "user"


def test_the_highest_reason_comes_first() -> None:
    found = risk_of("medium", assess(command("sudo", "rm", "a"), BUILT_IN, True)).assessments
    levels = [one.risk_level for one in found]
    assert levels == sorted(levels, key=["high", "medium", "low"].index)


def test_a_broad_scope_raises_what_changes_something() -> None:
    assert "broadScope" in ids(assess(edit("a.py"), BUILT_IN, True, scope="**"))
    assert "broadScope" not in ids(assess(edit("a.py"), BUILT_IN, True, scope="a.py"))
    assert (
        assess(PermissionSubject(type="read", tool="search"), ToolAnnotations(read_only=True), True, scope="**") == []
    )


@pytest.mark.parametrize(
    "scope",
    ["*", "**", "**/*", "*/**", ".", "./", "/", "src/a.py, **", "`*`", "?*", "[!.]*", "[a-z]*", "*.*", "***",
     "everything",
     "Anything", "all files", "all of the files", "every file", "the whole repository", "entire project", "all",
     "all files in the repository", "the repo", "the whole project", "the whole codebase", "whole code base",
     "Workspace", "the workspace", "alles", "tout", "todo", "Todo.", "any file", "any files", "src/a.py, the repo",
     "tout le projet", "das ganze Projekt", "x" * 2_001],
)  # fmt: skip
def test_a_scope_that_names_everything(scope: str) -> None:
    found = broad_scope(scope)
    assert found is not None
    assert (found.by, found.id, found.risk_level) == ("rule", "broadScope", "high")


@pytest.mark.parametrize(
    "scope",
    [
        None,
        "",
        "src",
        "src/**",
        "*.py",
        "**/*.py",
        "src/*.ts",
        "all tests in tests/",
        "all files in src",
        "..",
        "a.b",
        "test_*",
        "server, protocol, editors, tests, docs",
        "server/ protocol/ editors/ tests/",
        "src/workspace.py",
        "workspace/gate.py",
        "todo.md",
        "README.md of the repo",
        "the TODO in a.py",
        "code, files",
    ],
)
def test_a_scope_that_names_something(scope: str | None) -> None:
    assert broad_scope(scope) is None


@given(
    st.lists(
        st.text() | st.sampled_from(["env", "sh", "-c", "xargs", "sudo", "find", "-exec", "git", "rm x; env"]),
        max_size=40,
    )
)
def test_no_command_raises_and_none_is_low(argv: list[str]) -> None:
    found = assess(command(*argv), BUILT_IN, True)
    assert not argv or risk_of(None, found).level != "low"


def test_commands_in_commands_end() -> None:
    assert len(programs(["env"] * 3000)) <= 200
    assert any(one.name == "rm" for one in programs([*["env"] * 50, "rm"]))


def test_a_call_made_to_be_slow_is_not() -> None:
    for subject in (
        command("sh", "-c", "env " * 20_000),
        command("awk", "system " * 20_000, "a" * 100_000),
        command("psql", "alter table " * 20_000, "delete from " * 20_000),
        command("find", *["-exec"] * 20_000),
        command("env", *["env"] * 20_000),
        edit("a/" * 20_000 + "b"),
        edit("a-/." * 1_000 + "b"),
    ):
        assert assess(subject, BUILT_IN, True)  # or the test's time is over


_LONG = 60_000
"""What takes quadratic time takes many seconds for each piece of so many characters, and the tests below minutes."""


def hostile(text: str) -> str:
    return (text * (_LONG // len(text) + 1))[:_LONG]


PIECES = (
    "9", ".", "1.", "a", "/", "a/", "../", "a-/.", "-", "_", "~", "=", " ", "\n", "\0", "$(", "`", "'", "\"", "\\",
         ";", "*", "[",
    "/*", "A", "Aa", "e", "-e", "é", "/g", "||", "> ", "drop ", "delete from ", "delete from where ", "alter table ",
    "alter table drop ", "truncate ", "truncate table ", "where ", "requirements-.", "azure-pipelines", "migrations.",
    ".github/workflows/", "system ", "| getline", ".env.", "//x", "\\!", "sh -c ", "env ", "rm;", "a=", "\u0661",
)  # fmt: skip
PROGRAMS = ((), ("sh", "-c"), ("env", "-S"), ("python", "-c"), ("psql", "-c"), ("git", "config"))


def foreign(given: JsonObject) -> PermissionSubject:
    return PermissionSubject(type="other", tool="query", input=given)


@pytest.mark.parametrize("before", PROGRAMS, ids=" ".join)
def test_no_long_word_is_slow(before: tuple[str, ...]) -> None:
    for piece in PIECES:
        assert assess(command(*before, hostile(piece), cwd="/home/u/demo"), BUILT_IN, True, private_folders=PRIVATE)


@pytest.mark.parametrize("before", PROGRAMS, ids=" ".join)
def test_no_row_of_words_is_slow(before: tuple[str, ...]) -> None:
    for piece in ("a", "env", "-e"):
        assert assess(command(*before, *([piece] * (_LONG // 2))), BUILT_IN, True)


def test_no_long_text_is_slow_wherever_it_stands() -> None:
    for piece in PIECES:
        text = hostile(piece)
        for subject in (
            edit(text),
            edit("a", text, ""),
            fetch(text),
            command("ls", "..", cwd=text),
            foreign({"path": text}),
            foreign({"paths": [*text.split(piece[-1])]}),
            foreign({text: "a"}),
        ):
            assert assess(subject, ToolAnnotations(), True, True, scope=text, private_folders=PRIVATE)


@pytest.mark.parametrize(
    "subject",
    [command("9" * 100_000), command("x" * 300), command("ls", "a" * 40_000), command("ls", *["a"] * 5_000),
     edit("a/" * 3_000), command("env", "x" * 300)],
)  # fmt: skip
def test_what_is_too_long_to_be_looked_at_is_high(subject: PermissionSubject) -> None:
    assert "convoluted" in rules_of(subject)


def test_a_keyword_behind_a_long_text_is_found() -> None:
    given = {"sql": "-- " + "x" * 900_000 + "\ndrop table a"}
    assert "dropData" in rules_of(PermissionSubject.model_validate({"type": "other", "tool": "q", "input": given}))
    assert "dropData" in rules_of(command("psql", "-c", "delete from a; select 1 where 1"))
    assert "dropData" in rules_of(command("psql", "-c", "drop/**/table a"))
