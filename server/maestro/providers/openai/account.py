"""Whose login it is, as OpenAI's tokens say."""

from dataclasses import dataclass

from maestro.providers import claims
from maestro.providers.owned_files import table, text
from maestro.store.credentials import OAuthCredential
from maestro_protocol.sessions import Identity

_AUTH = "https://api.openai.com/auth"
_PROFILE = "https://api.openai.com/profile"


@dataclass(frozen=True, slots=True)
class Account:
    """`fedramp`: served apart, for the United States' government."""

    email: str | None = None
    plan: str | None = None
    account_id: str | None = None
    fedramp: bool = False

    @property
    def identity(self) -> Identity:
        return Identity(email=self.email, plan=self.plan, account_id=self.account_id)


def account(credential: OAuthCredential) -> Account:
    """From the id token, and from the access token what that leaves out (providers.md A.5.7)."""
    of_id, of_access = claims.claims(credential.id_token), claims.claims(credential.access_token)
    auth = table(of_access.get(_AUTH)) | table(of_id.get(_AUTH))
    emails = (of_id.get("email"), table(of_id.get(_PROFILE)).get("email"), table(of_access.get(_PROFILE)).get("email"))
    return Account(
        email=next(filter(None, map(text, emails)), None),
        plan=text(auth.get("chatgpt_plan_type")),
        account_id=_sendable(text(auth.get("chatgpt_account_id"))),
        fedramp=auth.get("chatgpt_account_is_fedramp") is True,
    )


def _sendable(account_id: str | None) -> str | None:
    """It stands in a header of every request."""
    return account_id if account_id and account_id.isascii() and account_id.isprintable() else None
