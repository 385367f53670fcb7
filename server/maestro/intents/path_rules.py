"""Files whose change matters more than others': they run code later, guard something, or cannot be brought back."""

import re
from collections.abc import Callable, Sequence

from maestro.intents.rules import Facts, Rule


def _at(names: str = "(?!)", folders: str = "(?!)") -> Callable[[Facts], bool]:
    """Whether a file is written that is called so, or that is in such a folder, at any depth."""
    called, inside = re.compile(names, re.S | re.I), re.compile(rf"(?:^|/)(?:{folders})/", re.I)
    return lambda facts: any(
        called.fullmatch(path.rpartition("/")[2]) or inside.search(f"{path}/") for path in facts.written_paths
    )


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
    Rule("outsideFolder", "high", "It names a file outside the folder it works in.", lambda facts: facts.is_outside),
    Rule(
        "ignoreRules",
        "high",
        "It changes which files are ignored, and so which may be read, sent or committed.",
        _at(r"\.[a-z]{1,40}ignore|\.ignore", r"\.git/info|\.git/info/exclude"),
    ),
    Rule(
        "ci",
        "high",
        "It changes what runs on the build servers, which hold secrets.",
        _at(
            r"\.gitlab-ci\.ya?ml|azure-pipelines.*\.ya?ml|jenkinsfile.*|\.travis\.ya?ml|bitbucket-pipelines\.ya?ml"
            r"|\.drone\.ya?ml|\.woodpecker.*|appveyor\.ya?ml|cloudbuild\.ya?ml|buildspec\.yml|action\.ya?ml|\.github",
            r"\.github/(?:workflows|actions)|\.gitlab|\.circleci|\.buildkite|\.teamcity|\.ci|\.azure|\.forgejo|\.gitea"
            r"|\.woodpecker",
        ),
    ),
    Rule("security", "high", "Its path says that the code guards access, secrets or identities.", _guards),
    Rule(
        "secretFile",
        "high",
        "It changes a file that usually holds secrets.",
        _at(
            r"\.env(?:\..+)?|\.envrc|\.netrc|\.npmrc|\.pypirc|.+\.(?:pem|key|p12|pfx|jks|kdbx)|id_(?:rsa|ed25519).*",
            r"\.ssh|\.gnupg|\.aws",
        ),
    ),
    Rule(
        "migration",
        "high",
        "It changes how a database is changed, which data may not survive.",
        _at(
            r".*\bmigrations?\.(?:py|rb|js|ts|sql|go)|v\d+__.+\.sql",
            r"(?:db_?)?migrat(?:e|ions?)|alembic|flyway|prisma/schema\.prisma|db/(?:schema\.rb|structure\.sql)",
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
            r"package\.json|(?:.*[-_.])?requirements(?:[-_.].*)?\.(?:txt|in)|constraints.*\.txt|pipfile"
            r"|pyproject\.toml|setup\.(?:py|cfg)|environment\.ya?ml|cargo\.toml|go\.(?:mod|work)|gemfile|.+\.gemspec"
            r"|composer\.json|pom\.xml|build\.(?:gradle|sbt)(?:\.kts)?|.+\.(?:cs|fs|vb)proj|directory\.packages\.props"
            r"|mix\.exs|pubspec\.yaml|podfile|package\.swift|conanfile\.(?:py|txt)|vcpkg\.json|deno\.jsonc?|flake\.nix"
            r"|pnpm-workspace\.yaml|dockerfile.*|containerfile.*",
            r"requirements",
        ),
    ),
    Rule(
        "runsLater",
        "high",
        "It changes a file whose contents are run later: by a build, a test run, git, or the editor.",
        _at(
            r"(?:gnu)?makefile|.+\.mk|justfile|taskfile\.ya?ml|rakefile|gulpfile\..+|gruntfile\..+|cmakelists\.txt"
            r"|conftest\.py|sitecustomize\.py|usercustomize\.py|.+\.pth|setup\.py|pyproject\.toml|package\.json|noxfile\.py"
            r"|tox\.ini|dodo\.py|tasks\.py|build\.rs|hatch_build\.py|\.pre-commit-config\.yaml"
            r"|lefthook\.ya?ml|\.git|\.gitmodules|\.gitattributes|\.gitconfig"
            r"|(?:docker-)?compose.*\.ya?ml|procfile|vagrantfile"
            r"|(?:webpack|vite|vitest|jest|rollup|babel|eslint|next)\.config\..+"
            r"|\.eslintrc\.c?js|\.babelrc\.js|\.bashrc|\.zshrc|\.profile|\.bash_profile|\.zshenv",
            r"\.cargo/config(?:\.toml)?|\.husky|\.git|hooks",
        ),
    ),
    Rule(
        "editorConfiguration",
        "high",
        "It changes how an editor or an agent behaves, and so what it may do.",
        _at(
            r".+\.code-workspace|\.devcontainer\.json|\.maestro.*|\.nvim\.lua|\.nvimrc|\.exrc|\.vimrc|\.dir-locals\.el"
            r"|\.mcp\.json|\.cursorrules|\.aider.*|\.windsurf.*|agents\.md|claude\.md|gemini\.md",
            r"\.vscode|\.idea|\.devcontainer|\.maestro[^/]*|\.nvim|\.helix|\.zed|\.fleet|\.claude|\.cursor|\.codex|\.gemini"
            r"|\.aider[^/]*|\.windsurf[^/]*|\.continue|\.github/copilot-instructions\.md",
        ),
    ),
)
