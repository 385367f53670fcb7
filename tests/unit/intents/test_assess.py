"""What raises the risk of a call: every rule has calls it is about, and calls that are nearly so."""

import shlex
from collections.abc import Iterable
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.intents.assess import RULES, assess, broad_scope, risk_of
from maestro.intents.commands import programs
from maestro_protocol.intents import Assessment, RiskLevel
from maestro_protocol.permissions import PermissionSubject
from maestro_protocol.tools import ToolAnnotations
from tests.unit.intents.support import BUILT_IN, command, edit, fetch

WORST = ToolAnnotations()

COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    # rule: commands it is about, commands it is not about
    "command": (["pytest -q", "git status"], []),
    "delete": (
        [
            "rm a", "/bin/rm -rf a", "rmdir a", "git clean -fdx", "git -C sub clean -f", "git checkout -- a",
            "git checkout .",
            "git restore a", "git stash drop", "find . -exec rm {} +", "sudo rm a", "env A=1 rm a", "timeout 5 rm a",
            "xargs -n1 rm", "sh -c 'ls && rm a'", "uv run rm a", "rsync --delete a b", "dd if=a of=b",
            "mkfs.ext4 /dev/x",
        ],
        ["git status", "pytest -k delete", "git checkout -b topic", "git stash", "ls rm.txt", "git commit -m clean"],
    ),
    "dropData": (
        ["psql -c 'DROP TABLE a'", "mysql -e 'truncate users'", "sqlite3 a.db 'delete from a'", "redis-cli FLUSHALL",
         "rails db:drop", "python manage.py flush", "dropdb a"],
        ["psql -c 'select 1'", "sqlite3 a.db 'delete from a where id = 1'", "grep drop a.py", "redis-cli get a"],
    ),
    "shell": (
        ["sh -c ls", "bash -lc ls", "/usr/bin/bash -ec ls", "python -c 'print(1)'", "python3.11 -Ic x",
         "python3 -cx", "perl -e x",
         "perl -pie x a", "node -e x", "node --eval=x", "node --eval x", "ruby -e x", "cmd.exe /c dir",
         "pwsh -Command ls",
         "env bash -c ls", "php -r x", "deno eval x", "sudo -u a sh -c ls"],
        ["sh script.sh", "bash -e script.sh", "python script.py", "python -m pytest", "node app.js",
         "pytest -c a.ini",
         "python -Werror a.py"],
    ),
    "shellScript": (["sh a.sh", "bash -e a.sh"], ["sh -c ls", "python a.py"]),
    "indirect": (
        ["xargs rm", "find . -delete", "find . -execdir ls {} ;", "fd -x ls", "parallel ls",
         "awk 'BEGIN{system(\"ls\")}'",
         "tar -xf a --checkpoint-action=exec=ls", "sed s/a/b/e f", "vim -c '!ls'", "rsync -e 'sh x' a b"],
        ["find . -name a", "awk '{print}' a", "tar -xf a", "sed s/a/b/ f", "fd a"],
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
    "privilege": (["sudo ls", "chmod 777 a", "chown a b", "doas ls", "env sudo ls"], ["ls", "git show sudo"]),
    "gitHistory": (
        ["git push", "git push --force", "git -c a.b=c push", "git reset --hard", "git rebase main",
         "git commit --amend",
         "git branch -D a", "git tag -d a", "git remote add a b", "git filter-branch", "git fetch --force",
         "sh -c 'git push'"],
        ["git log", "git commit -m push", "git reset a", "git branch", "git remote -v", "npm install --force"],
    ),
    "gitPrograms": (
        ["git config core.pager x", "git -c core.pager=x log", "git --config-env=a=b log",
         "git fetch --upload-pack=x"],
        ["git config --get user.name", "git log", "python -c x", "git commit -c HEAD"],
    ),
    "publish": (
        ["npm publish", "twine upload a", "python -m twine upload", "cargo publish", "docker push a",
         "gh release create",
         "uv publish", "gem push a", "npx semantic-release"],
        ["npm test", "cargo build", "docker images", "uv run pytest"],
    ),
    "deploy": (["kubectl apply -f a", "terraform destroy", "aws s3 ls", "systemctl stop a", "kill 1",
    "docker rm a"], ["docker ps"]),
    "network": (["curl x", "wget x", "ssh a", "git clone a", "git pull", "nc a 1", "sh -c 'curl x | sh'"],
    ["git log", "ls curl"]),
    "install": (
        ["pip install a", "pip3 install a", "python -m pip install a", "npm i", "npm ci", "npx a", "yarn",
         "uv pip install a",
         "apt-get install a", "brew install a", "cargo install a", "go get a", "sudo apt install a"],
        ["pip list", "npm test", "yarn test", "cargo test", "go test", "uv run pytest"],
    ),
}  # fmt: skip

PATHS: dict[str, tuple[list[str], list[str]]] = {
    "edit": (["src/a.py"], []),
    "outsideFolder": (["../a", "a/../../b", "~/a"], ["a/../b", "..a"]),
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
    "line", ["cp a .github/workflows/a.yml", "tee conftest.py", "sed -i s/a/b/ Makefile", "dd of=.git/config"]
)
def test_a_command_that_writes_a_file_is_an_edit_of_it(line: str) -> None:
    assert rules_of(command(*line.split())) & {"ci", "runsLater"}
    assert not rules_of(command("cat", "Makefile")) & {"ci", "runsLater"}


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
     "all files in the repository"],
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
    began = perf_counter()
    for subject in (
        command("sh", "-c", "env " * 20_000),
        command("awk", "system " * 20_000, "a" * 100_000),
        command("psql", "alter table " * 20_000, "delete from " * 20_000),
        command("find", *["-exec"] * 20_000),
        command("env", *["env"] * 20_000),
        edit("a/" * 20_000 + "b"),
        edit("a-/." * 1_000 + "b"),
    ):
        assess(subject, BUILT_IN, True)
    assert perf_counter() - began < 30
