"""Which values in code are taken for secrets, and which are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro.audit.secret_values import is_plausible
from maestro.audit.secrets import PLACEHOLDER, mask

LONG = "abcdefghijklmnopqrstuvwx"

PLANTED = [
    ('token = "{}"', "tok_9f8e7d6c5b4a"),
    ('token = "{}"', LONG),
    ('{{"Authorization": "Bearer {}"}}', "abcdefghijklmnop"),
    ('headers["Authorization"] = "Bearer {}"', "abcdefghijklmnop"),
    ('curl -H "Authorization: Basic {}" x', "dXNlcjpwYXNzd29yZA=="),
    ('log("sent Bearer {}")', "abcdef1234567890"),
    ('DATABASE_PASSWORD="{}"', "aaaa bbbb cccc"),
    ("# DB_PASS={}", "correcthorse"),
    ("// API_KEY={}", "correcthorse"),
    ('DB_PASS = "{}"', "correcthorse"),
    ('os.environ["API_KEY"] = "{}"', "correcthorse"),
    ("process.env['API_KEY'] = '{}'", "correcthorse"),
    ('os.getenv("API_KEY", "{}")', "abcdef123456"),
    ("export AWS_SECRET_ACCESS_KEY={}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("export AWS_SECRET_ACCESS_KEY={}", "correcthorse"),
    ("aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("ENV DB_PASSWORD={}", "correcthorse"),
    ("password: {}", "hunter2hunter2"),
    ("password = {}", "hunter2hunter2"),
    ("  - db_password: {}  # comment", "hunter2hunter2"),
    ("api-key: {}", "0123456789abcdef"),
    ("<password>{}</password>", "hunter2hunter2"),
    ("Server=db;Uid=sa;Pwd={};", "S3cretS3cret"),
    ("AccountKey={};Suffix=x", "abcdefgh123456789=="),
    ("mysql --password={} db", "hunter22"),
    ("GET /v1?api_key={}&x=1", "0123456789abcdef"),
    ('API_KEY = f"{}"', "correcthorse"),
    ('API_KEY = b"{}"', "correcthorse"),
    ("API_KEY = '''{}'''", "correcthorse"),
    ('API_KEY = """{}"""', "correcthorse"),
    ("const apiKey = `{}`;", "correcthorse"),
    ('token = f"{{name}}{}"', "tok_9f8e7d6c"),
    ('"x-api-key": "{}"', "correcthorse"),
    ('passphrase = "{}"', "correct horse battery staple"),
    ('password: str = "{}"', "correcthorse"),
    ('password := "{}"', "correcthorse"),
    ('if password == "{}":', "letmein123"),
    ('password = "{}"', "hunter2"),
    ('url = "redis://:{}@host"', "pw"),
    ('url = "redis://:{}@host"', "correcthorse"),
    ('url = "mongodb+srv://user:{}@host/db"', "p%40ss@word"),
    ('url = "https://{}@o0.ingest.example.org/1"', "0123456789abcdef0123456789abcdef"),
    ("curl -s -u user:{} https://example.org", "correcthorse"),
    ('["curl", "-u", "user:{}"]', "correcthorse"),
    ("curl --user 'user:{}'", "pw"),
    *(
        ('x = "{}"', secret)
        for secret in (
            *(f"{start}{LONG}" for start in ("gsk_", "hf_", "xai-", "GOCSPX-", "npm_", "ghp_", "sk-", "sk-ant-api03-")),
            *(f"{start}{LONG}" for start in ("glpat-", "xoxb-", "xoxa-", "xoxp-", "github_pat_11A_", "sk_live_")),
            "AKIAIOSFODNN7EXAMPLE",
            f"SG.{LONG}.{LONG}",
            f"AIzaSy{LONG}012345678",
            "eyJhbGciOiJI.eyJzdWIiOi.abcdefghijk",
        )
    ),
]


@pytest.mark.parametrize(("line", "secret"), PLANTED)
def test_a_planted_secret_is_taken_out_and_its_columns_stay(line: str, secret: str) -> None:
    text = f"first\n{line.format(secret)}\nlast\n"
    masked = mask(text)
    assert masked.text.count(secret) == "first\nlast".count(secret), "nothing of it is left"
    [placeholder] = masked.secrets
    assert masked.text == text.replace(secret, placeholder)
    assert len(placeholder) == len(secret)
    assert PLACEHOLDER.search(masked.text)
    assert masked.restore(masked.text) == text


SETTINGS = [
    ("ini", "password = {}", "hunter2CANARYpw"),
    ("ini", "password = {}  ; of the test system", "correct horse battery"),
    ("ini", "; password = {}", "correct"),
    ("cfg", "api_key = {}", "abcdCANARYefgh1234"),
    ("properties", "db.password = {}", "s3cretValue"),
    ("properties", "password: {}", "correct"),
    ("properties", "//packages.example.org/:_authToken={}", "correct"),
    ("toml", "password = '{}'", "correct"),
    ("yaml", "db: {{user: a, password: {}, port: 1}}", "correct"),
    ("yaml", "- name: DB_PASSWORD\n  value: {}", "correct"),
    ("yaml", "- name: DB_PASSWORD\n  value: '{}'", "correct horse"),
    ("json", '{{"name": "DB_PASSWORD",\n "value": "{}"}}', "correct"),
    ("dockerfile", "ENV A=b DB_PASSWORD={}", "correct"),
    ("dockerfile", "ENV DB_PASSWORD {}", "correct1"),
    ("nginx", "password {};", "correct"),
    ("plaintext", "password: {}", "correct"),
    ("shellscript", "local password={}", "correct"),
    ("xml", "<password>{}</password>", "correct"),
    ("xml", '<add key="pwd" value="{}"/>', "correct"),
    ("xml", '<property name="db.password" value="{}"/>', "correct"),
    ("xml", '<entry key="password">{}</entry>', "correct"),
    ("ruby", "password = %q({})", "correct"),
    ("sql", "CREATE USER u IDENTIFIED BY '{}'", "correct"),
    ("sql", "ALTER ROLE u WITH LOGIN PASSWORD '{}'", "correct"),
]


@pytest.mark.parametrize(("language", "line", "secret"), SETTINGS)
def test_a_planted_secret_is_taken_out_of_settings(language: str, line: str, secret: str) -> None:
    text = f"first\n{line.format(secret)}\nlast\n"
    masked = mask(text, language=language)
    assert list(masked.secrets.values()) == [secret]
    assert masked.text == text.replace(secret, next(iter(masked.secrets)))
    assert masked.restore(masked.text) == text


@pytest.mark.parametrize(
    "text", ['password = (\n  "{}"\n  "{}"\n)', 'f(password="{}"\n  "{}")', 'password = "{}" + \\\n  "{}"']
)
def test_the_other_half_of_a_secret_is_taken_out_too(text: str) -> None:
    assert sorted(mask(text.format("correcthorse", "battery")).secrets.values()) == ["battery", "correcthorse"]


HARMLESS_SETTINGS = """\
password = true
password: null
password_min_length: 8
password.min.length=8
max_tokens: 4096
password_file = /run/secrets/db
password = /run/secrets/db
password: ${DB_PASSWORD}
password: "${DB_PASSWORD}"
password = %(db_password)s
password = "{{ vault_password }}"
password: !vault |
token_url = https://example.org/token
secret = https://example.org/token
secret-service = 3.0.1
secrets: inherit
id-token: write
password:
proxy_pass backend;
password requisite pam_deny.so
# password: what a user types
the password: you know it
"""


@pytest.mark.parametrize("language", ["ini", "yaml", "conf", "plaintext"])
@pytest.mark.parametrize("line", HARMLESS_SETTINGS.splitlines())
def test_ordinary_settings_stay_as_they_are(language: str, line: str) -> None:
    assert mask(line, language=language).text == line


HARMLESS = """\
token = next(tokens)
password = getpass()
password = getpass("Password: ")
api_key: str
token_count = 5
max_tokens: 4096,
token = tokens[index]
secret = other_secret
password = config.password
PASSWORD_FIELD = ("user_password" "again")
def login(user: str, password: str) -> Token:
if token == "function_definition":
token = "identifier"
token = "+" if add else "-"
if (token.type === "NumericLiteral") {
TOKEN_URL = "https://example.org/oauth/token"
password_field = "user_password"
PASSWORD = "password"
API_KEY_HEADER = "X-Custom-Header"
secret_name: "production/db"
PASSWORD_MIN_LENGTH = 12
password = os.environ["DB_PASSWORD"]
api_key = os.getenv("OPENAI_API_KEY")
API_KEY = settings.API_KEY
password = "${DB_PASSWORD}"
password="$DB_PASSWORD"
export DB_PASSWORD="$1"
DB_PASS=$1
token: Uint8Array
token = oauth2_token
token.value = 12345678
return connect(password=password1)
return connect(user=user, password=user_password, token=sha256_hex)
headers = {"Authorization": f"Bearer {token}"}
headers["Authorization"] = "Bearer " + token
raise ValueError("password must not be empty")
parser.add_argument("--password", help="the password")
fields = ["username", "password", "email_address"]
const { password, token } = request.body;
interface Login { password: string; token: string }
private readonly apiKey: string;
type Token = { kind: string }
secrets.token_hex(16)
pwd = os.getcwd()
first_pass = True
tokenizer = Tokenizer("gpt2-medium")
tokens = [Token("a1", "b2"), Token("c", "d")]
url = "https://example.org/a:b@c"
url = f"postgres://{user}:{password}@{host}/db"
git@github.com:user/repo.git
docker run -u 1000:1000 image
Bearer authentication is used here
from huggingface_hub import hf_hub_download_with_retry
password = ""
secret = "x"
hash_password(password, "sha256")
credentials = Credentials.from_file(path)
expires = token.expires_at + 3600
"""


@pytest.mark.parametrize("line", HARMLESS.splitlines())
def test_ordinary_code_stays_as_it_is(line: str) -> None:
    assert mask(line).text == line


def test_a_page_of_ordinary_code_stays_as_it_is() -> None:
    assert mask(HARMLESS).text == HARMLESS


def test_a_secret_of_several_lines_keeps_its_lines() -> None:
    text = 'password = """\ncorrect horse\nbattery staple\n"""\n'
    masked = mask(text)
    assert "horse" not in masked.text and "staple" not in masked.text
    assert [len(line) for line in masked.text.split("\n")] == [len(line) for line in text.split("\n")]
    assert masked.restore(masked.text) == text


@given(st.lists(st.sampled_from([line.format(secret) for line, secret in PLANTED] + HARMLESS.splitlines())))
def test_what_was_taken_out_can_be_put_back(lines: list[str]) -> None:
    text = "\n".join(lines)
    masked = mask(text)
    assert masked.restore(masked.text) == text
    assert [len(line) for line in masked.text.split("\n")] == [len(line) for line in lines or [""]]


HOSTILE = [
    "curl -u ",
    'password="',
    "password = '''",
    "token:a ",
    'password=f"{',
    "authorization:",
    "x://a:",
    "Bearer a",
    "password ",
    "\npassword=   a   ",
    "{password:",
    "password.",
    'password="abcd1234""abcd1234"',
    '<a name="password" value=',
    "<password>a",
    "name: password\n value: a",
    "password=%q(",
    "identified by ",
    "create user a ",
]


@pytest.mark.parametrize("piece", [*HOSTILE, "-----BEGIN PRIVATE KEY-----", "eyJaaaa.", "export PASSWORD", "SG.aaaa"])
@pytest.mark.parametrize("language", ["", "ini", "ruby"])
def test_masking_takes_linear_time(piece: str, language: str) -> None:
    text = piece * (60_000 // len(piece))
    assert len(mask(text, language=language).text) == len(text)


@pytest.mark.parametrize("value", ["hunter2", "correcthorse", "sk-proj-A1b2C3d4E5f6", "S3cret!S3cret!", "p%40ss@word"])
def test_what_may_be_a_secret_is_told(value: str) -> None:
    assert is_plausible(value)


@pytest.mark.parametrize(
    "value", ["under a passphrase", "sk-simulated", "MSK00001xxx", "x-api-key", "keyring.backends", "your-key-here1"]
)
def test_what_is_hidden_to_be_on_the_safe_side_is_not(value: str) -> None:
    assert not is_plausible(value)
