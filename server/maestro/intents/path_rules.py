"""Files whose change matters more than others': they run code later, guard something, or cannot be brought back."""

import re
from collections.abc import Callable, Sequence

from maestro.intents.rules import Facts, Rule


def _at(pattern: str) -> Callable[[Facts], bool]:
    """Whether a file is written whose path ends in what the pattern says."""
    compiled = re.compile(rf"(?:.*/)?(?:{pattern})", re.S | re.I)
    return lambda facts: any(compiled.fullmatch(path) for path in facts.written_paths)


_GUARDS = frozenset(
    "acl auth auth2 authentication authenticate authenticator authn authorization authorize authorizer authz cert "
    "certs certificate certificates cors credential credentials crypto cryptography csrf csp decrypt decryption "
    "encrypt encryption firewall iam jwt keyring keystore ldap login logins logout mfa oauth oauth2 oidc otp "
    "password passwords permission permissions pkce privilege privileges rbac saml sandbox sanitize sanitizer "
    "secret secrets security signin signup sso sudoers totp vault".split()
)
_WORD = re.compile(r"[A-Z]+(?![a-z])\d?|[A-Z]?[a-z]+\d?")


def _guards(facts: Facts) -> bool:
    return any(word.lower() in _GUARDS for path in facts.written_paths for word in _WORD.findall(path))


def _replaces(facts: Facts) -> bool:
    """Whether text of a file is replaced, so that it would be lost."""
    return facts.subject.type == "edit" and bool(facts.subject.old_text)


_MUCH = 20
"""Lines; taking out fewer is ordinary editing."""


def _deletes_text(facts: Facts) -> bool:
    return _replaces(facts) and not (facts.subject.new_text or "").strip()


def _deletes_much(facts: Facts) -> bool:
    return _deletes_text(facts) and len((facts.subject.old_text or "").splitlines()) > _MUCH


PATH_RULES: Sequence[Rule] = (
    Rule("edit", "medium", "It changes a file.", lambda facts: facts.subject.type == "edit"),
    Rule("deleteText", "medium", "It deletes text and puts nothing in its place.", _deletes_text),
    Rule("deleteMuch", "high", f"It deletes more than {_MUCH} lines and puts nothing in their place.", _deletes_much),
    Rule(
        "outsideGit",
        "high",
        "It replaces text in a folder without git, so the text before cannot be brought back.",
        lambda facts: _replaces(facts) and not facts.folder_is_git,
    ),
    Rule(
        "untracked",
        "high",
        "It replaces text in a file that git does not know, so the text before cannot be brought back.",
        lambda facts: _replaces(facts) and facts.folder_is_git and facts.tracked is False,
    ),
    Rule(
        "outsideFolder",
        "high",
        "It names a file outside the folder it works in.",
        lambda facts: any(path.startswith(("../", "~")) or path == ".." for path in facts.written_paths),
    ),
    Rule(
        "ci",
        "high",
        "It changes what runs on the build servers, which hold secrets.",
        _at(
            r"\.github/(?:workflows|actions)/.+|\.gitlab-ci\.ya?ml|\.gitlab/.+|\.circleci/.+|azure-pipelines.*\.ya?ml"
            r"|jenkinsfile.*|\.travis\.ya?ml|bitbucket-pipelines\.ya?ml|\.drone\.ya?ml|\.woodpecker.*|\.buildkite/.+"
            r"|appveyor\.ya?ml|cloudbuild\.ya?ml|\.teamcity/.+|\.ci/.+|\.azure/.+|\.forgejo/.+|\.gitea/.+|buildspec\.yml"
            r"|action\.ya?ml"
        ),
    ),
    Rule("security", "high", "Its path says that the code guards access, secrets or identities.", _guards),
    Rule(
        "secretFile",
        "high",
        "It changes a file that usually holds secrets.",
        _at(
            r"\.env(?:\..+)?|\.envrc|\.netrc|\.npmrc|\.pypirc|.+\.(?:pem|key|p12|pfx|jks|kdbx)|id_(?:rsa|ed25519).*"
            r"|\.ssh/.+"
        ),
    ),
    Rule(
        "migration",
        "high",
        "It changes how a database is changed, which data may not survive.",
        _at(
            r"(?:db_?)?migrat(?:e|ions?)/.+|alembic/.+|flyway/.+|.*\bmigrations?\.(?:py|rb|js|ts|sql|go)|v\d+__.+\.sql"
            r"|prisma/schema\.prisma|db/(?:schema\.rb|structure\.sql)"
        ),
    ),
    Rule(
        "lockFile",
        "high",
        "It changes which exact packages are installed.",
        _at(
            r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|uv\.lock"
            r"|pdm\.lock|pipfile\.lock|cargo\.lock|go\.sum|gemfile\.lock|composer\.lock|mix\.lock|flake\.lock|deno\.lock"
            r"|packages\.lock\.json|gradle\.lockfile|podfile\.lock|pubspec\.lock|conan\.lock|\.terraform\.lock\.hcl"
        ),
    ),
    Rule(
        "dependencies",
        "high",
        "It changes which packages are installed.",
        _at(
            r"package\.json|(?:.*[-_.])?requirements(?:[-_.].*)?\.(?:txt|in)|requirements/.+|constraints.*\.txt|pipfile"
            r"|pyproject\.toml|setup\.(?:py|cfg)|environment\.ya?ml|cargo\.toml|go\.(?:mod|work)|gemfile|.+\.gemspec"
            r"|composer\.json|pom\.xml|build\.(?:gradle|sbt)(?:\.kts)?|.+\.(?:cs|fs|vb)proj|directory\.packages\.props"
            r"|mix\.exs|pubspec\.yaml|podfile|package\.swift|conanfile\.(?:py|txt)|vcpkg\.json|deno\.jsonc?|flake\.nix"
            r"|pnpm-workspace\.yaml|dockerfile.*|containerfile.*"
        ),
    ),
    Rule(
        "runsLater",
        "high",
        "It changes a file whose contents are run later: by a build, a test run, git, or the editor.",
        _at(
            r"(?:gnu)?makefile|.+\.mk|justfile|taskfile\.ya?ml|rakefile|gulpfile\..+|gruntfile\..+|cmakelists\.txt"
            r"|conftest\.py|sitecustomize\.py|usercustomize\.py|.+\.pth|setup\.py|pyproject\.toml|package\.json|noxfile\.py"
            r"|tox\.ini|dodo\.py|tasks\.py|build\.rs|\.cargo/config(?:\.toml)?|hatch_build\.py|\.pre-commit-config\.yaml"
            r"|\.husky/.+|lefthook\.ya?ml|\.git/.+|\.git|\.gitmodules|\.gitattributes|\.gitconfig|hooks/.+"
            r"|(?:docker-)?compose.*\.ya?ml|procfile|vagrantfile"
            r"|(?:webpack|vite|vitest|jest|rollup|babel|eslint|next)\.config\..+"
            r"|\.eslintrc\.c?js|\.babelrc\.js|\.bashrc|\.zshrc|\.profile|\.bash_profile|\.zshenv"
        ),
    ),
    Rule(
        "editorConfiguration",
        "high",
        "It changes how an editor or an agent behaves, and so what it may do.",
        _at(
            r"\.vscode/.+|.+\.code-workspace|\.idea/.+|\.devcontainer/.+|\.devcontainer\.json|\.maestro.*|\.maestro.*/.+"
            r"|\.nvim\.lua|\.nvimrc|\.exrc|\.vimrc|\.nvim/.+|\.helix/.+|\.zed/.+|\.fleet/.+|\.dir-locals\.el|\.mcp\.json"
            r"|\.claude/.+|\.cursor/.+|\.cursorrules|\.codex/.+|\.gemini/.+|\.aider.*|\.continue/.+|\.windsurf.*"
            r"|agents\.md|claude\.md|gemini\.md|\.github/copilot-instructions\.md"
        ),
    ),
)
