"""What people paste."""

import string
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maestro.auth.paste import Pasted, read_paste
from maestro.errors import MaestroError

CODES = st.text(alphabet=string.ascii_letters + string.digits + "-._~/+", min_size=1, max_size=200)
STATES = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=1, max_size=64)
AROUND = st.sampled_from(["{}", " {}\n", '"{}"', "'{}'", "<{}>", "\u201c{}\u201d", "\t`{}`\r\n", "\ufeff<{}>\u200b "])
ADDRESSES = ("http://localhost:1455/auth/callback", "https://acme.example/oauth/code", "localhost:1455/auth/callback")


def spellings(code: str, state: str) -> list[str]:
    query = urlencode({"code": code, "state": state})
    reverse = urlencode({"state": state, "scope": "a b", "code": code})
    plain = f"code={code}&state={state}"  # a service that does not escape its `+`
    texts = [f"{code}#{state}", query, f"?{query}", reverse, f"#{query}", plain]
    return [*texts, *(f"{address}{mark}{query}" for address in ADDRESSES for mark in "?#")]


@given(CODES, STATES, AROUND)
@example("0", "error", "{}")
@example("code", "state", "{}")
def test_every_spelling_gives_the_code_and_the_state(code: str, state: str, around: str) -> None:
    for text in spellings(code, state):
        assert read_paste(around.format(text)) == Pasted(code, state), text


@given(CODES, AROUND)
def test_without_a_state_there_is_none(code: str, around: str) -> None:
    for text in (code, f"{code}#", f"code={quote(code, safe='')}", f"http://localhost:1/cb?code={quote(code)}&state="):
        assert read_paste(around.format(text)) == Pasted(code, None)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_without_being_repeated(text: str) -> None:
    try:
        pasted = read_paste(text)
    except MaestroError as error:
        assert error.kind in ("invalidParams", "loginFailed")
    else:
        assert pasted.code
        assert pasted.code.isascii()
        assert pasted.code.isprintable()
        assert " " not in pasted.code


def test_a_base64_code_and_a_wrapped_address_are_read() -> None:
    assert read_paste("4/0AbCd==") == Pasted("4/0AbCd==")
    assert read_paste("http://localhost:1455/auth/call\n  back?code=ab\r\ncd&state=s") == Pasted("abcd", "s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        '""',
        "<>",
        "#",
        "#state",
        "two words",
        "x" * 5000,
        "caf\u00e9",
        "?code=&state=s",
        "https://acme.example/somewhere",
        "http://[broken",
        "http://localhost:1455/auth/callback?state=s",
        "https://acme.example/authorize?code=true&client_id=c&response_type=code&code_challenge=x&state=s",
    ],
)
def test_what_is_no_code_is_refused_naming_the_field(text: str) -> None:
    with pytest.raises(MaestroError) as caught:
        read_paste(text)
    assert caught.value.code == -32602
    assert [issue.path for issue in caught.value.data.issues or ()] == ["inputs.code"]
    assert len(text) < 4 or text not in str(caught.value)


def test_the_address_of_the_login_page_is_told_apart() -> None:
    with pytest.raises(MaestroError, match="address of the login page"):
        read_paste("https://acme.example/authorize?code=true&client_id=c&state=s")


def test_an_address_that_refuses_says_so_in_harmless_words() -> None:
    words = "You said no.\x1b[31m\u202e <b>\r\n" + "very " * 200
    url = "http://localhost:1455/cb?" + urlencode({"error": "access_denied", "error_description": words, "state": "s"})
    with pytest.raises(MaestroError) as caught:
        read_paste(url)
    assert caught.value.kind == "loginFailed"
    assert "access_denied: You said no." in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 450


def test_a_secret_in_the_providers_words_is_hidden() -> None:
    with pytest.raises(MaestroError) as caught:
        read_paste("?error=server_error&error_description=refresh_token%3Dabcdef0123456789abcdef")
    assert "abcdef0123" not in str(caught.value)


def test_nothing_shows_in_a_repr() -> None:
    assert "secret" not in repr(Pasted("secret-code", "secret-state"))
