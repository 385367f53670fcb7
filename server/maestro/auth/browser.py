"""The part of a login that a browser plays: the address it opens, and the code it comes back with."""

import hmac
from dataclasses import dataclass, field

from maestro.auth.loopback import Loopback
from maestro.auth.paste import Pasted, read_paste
from maestro.auth.pkce import Pkce, new_pkce, new_state
from maestro.errors import MaestroError
from maestro.providers.oauth import (
    AuthorizeRequest,
    CodeGrant,
    FixedRedirect,
    LoopbackRedirect,
    OAuthContext,
    OAuthRole,
)
from maestro_protocol.errors import Issue
from maestro_protocol.sessions import Flow


@dataclass(frozen=True, slots=True)
class Browser:
    """Holds the secrets of the login, so it is dropped when that ends."""

    url: str = field(repr=False)
    redirect_uri: str
    state: str = field(repr=False)
    pkce: Pkce
    loopback: Loopback | None = None

    def pasted(self, text: str) -> CodeGrant:
        """The code in what the user pasted. One without a state is taken: the verifier proves that it is ours.

        Raises:
            MaestroError: -32602, also for another login's state; 4004 if it says why there is no code.
        """
        pasted = read_paste(text)
        if pasted.state is not None and not hmac.compare_digest(pasted.state.encode(), self.state.encode()):
            raise MaestroError(
                "invalidParams",
                "The pasted text belongs to another login; use the page that this login opened.",
                issues=[Issue(path="inputs.code", message="belongs to another login")],
            )
        return self.grant(pasted)

    def grant(self, pasted: Pasted) -> CodeGrant:
        return CodeGrant(pasted.code, self.redirect_uri, self.pkce.verifier, self.state)


async def open_browser(role: OAuthRole, context: OAuthContext, flow: Flow) -> Browser:
    """Begin to listen where the redirect leads here, and make the address.

    Raises:
        MaestroError: 4006, saying to paste where that is possible; what the module raises.
    """
    redirect = role.redirect(context, flow)
    state = new_state()
    if isinstance(redirect, FixedRedirect):
        return _browser(role, context, redirect.uri, state, None)
    loopback = await _listen(redirect, state, context, flow)
    try:
        return _browser(role, context, loopback.redirect_uri, state, loopback)
    except BaseException:
        loopback.close()
        raise


def _browser(role: OAuthRole, context: OAuthContext, uri: str, state: str, loopback: Loopback | None) -> Browser:
    pkce = new_pkce()
    url = role.authorize_url(context, AuthorizeRequest(uri, state, pkce.challenge))
    return Browser(url, uri, state, pkce, loopback)


async def _listen(redirect: LoopbackRedirect, state: str, context: OAuthContext, flow: Flow) -> Loopback:
    try:
        return await Loopback.open(redirect, state)
    except MaestroError as error:
        flows = {name for kind in context.info.auth_types if kind.auth_type == "oauth" for name in kind.flows}
        if error.kind != "loopbackUnavailable" or flow == "paste" or "paste" not in flows:
            raise
    message = "The browser has no port of this computer to return to; create the session again with the flow `paste`."
    raise MaestroError("loopbackUnavailable", message, provider=context.info.id)
