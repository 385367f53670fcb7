"""Workload identity: a token of the machine's own identity provider for one of Anthropic's (providers.md B.4)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maestro.errors import MaestroError
from maestro.failures import UpstreamError
from maestro.providers import choices, grants
from maestro.providers.anthropic import profiles
from maestro.providers.anthropic.auth import login_betas, merge_flags
from maestro.providers.oauth import Granted, OAuthContext
from maestro.providers.owned_files import read_text, table, text
from maestro.providers.request import join, present, require_https
from maestro.store.credentials import OAuthCredential
from maestro.transport import HttpRequest
from maestro_protocol.sessions import Identity

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_BETA = "oidc-federation-2026-04-01"
"""On a refresh this flag would lead it astray: it belongs to this grant alone."""
_ASSERTION_BYTES = 16 * 1024
_OPTIONS = {
    "federation_rule_id": "federationRuleId",
    "organization_id": "organizationId",
    "service_account_id": "serviceAccountId",
    "workspace_id": "workspaceId",
}
_REQUIRED = ("federation_rule_id", "organization_id")


@dataclass(frozen=True, slots=True)
class Workload:
    """Who asks. Without a `path` the identity token stands in `ANTHROPIC_IDENTITY_TOKEN`."""

    ids: Mapping[str, str]
    """By the names they have in the request."""
    path: str | None
    base_url: str | None = None
    """A profile's own address of the API."""


def describe(context: OAuthContext) -> Workload:
    """From the answers and options, else the profile, else the variables of Anthropic's own SDK; reads files."""
    config = _profile(context)
    authentication = config.authentication if config else {}
    of_profile = {
        "federation_rule_id": text(authentication.get("federation_rule_id")),
        "service_account_id": text(authentication.get("service_account_id")),
        "organization_id": config.organization_id if config else None,
        "workspace_id": config.workspace_id if config else None,
    }
    values = {
        name: choices.text(context, option) or of_profile[name] or _variable(context, name)
        for name, option in _OPTIONS.items()
    }
    in_profile = text(table(authentication.get("identity_token")).get("path"))
    return Workload(
        ids={name: value for name, value in values.items() if value},
        path=context.input("path")
        or choices.text(context, "path")
        or in_profile
        or _variable(context, "identity_token_file"),
        base_url=config.base_url if config else None,
    )


def has_token(context: OAuthContext, workload: Workload) -> bool:
    """Whether it is known where the identity token is."""
    return bool(workload.path or _variable(context, "identity_token"))


async def mint(context: OAuthContext, workload: Workload) -> Granted:
    """A new token.

    Raises:
        MaestroError: 4004 where the identity token or an id is missing.
        UpstreamError: a refusal, never `auth_invalid`: rule and token can both be mended where they are.
    """
    if missing := [name for name in _REQUIRED if name not in workload.ids]:
        named = " and ".join(f"`options.{_OPTIONS[name]}` (or ANTHROPIC_{name.upper()})" for name in missing)
        raise MaestroError("loginFailed", f"Workload identity needs {named}; set it and sign in again.")
    assertion = await asyncio.to_thread(_assertion, context, workload)
    base_url = require_https(workload.base_url or context.base_url, f"providers.{context.info.id}.baseUrl")
    headers = {"anthropic-beta": merge_flags([*login_betas(context.settings.oauth.betas), _BETA])}
    body = present({"grant_type": _GRANT, "assertion": assertion, **workload.ids})
    request = HttpRequest("POST", join(base_url, "v1/oauth/token"), headers, json=body)
    try:
        tokens = await grants.ask(context.http, request)
    except UpstreamError as error:
        raise grants.judged(error, (), otherwise="permission") from None
    facts = {**workload.ids, "path": workload.path, "base_url": workload.base_url}
    credential = replace(
        grants.credential(tokens),
        grant="workloadIdentity",
        account_id=workload.ids["organization_id"],
        details={name: value for name, value in facts.items() if value},
    )
    return Granted(credential, Identity(account_id=credential.account_id))


async def renew(context: OAuthContext, credential: OAuthCredential) -> Granted:
    """Ask again as whoever the session is, with the identity token as it is now."""
    details = credential.details
    ids = {name: details[name] for name in _OPTIONS if name in details}
    return await mint(context, Workload(ids, details.get("path"), details.get("base_url")))


def _profile(context: OAuthContext) -> profiles.ProfileConfig | None:
    name = context.input("profile") or choices.text(context, "profile") or profiles.named(context.environment)
    config = profiles.read_config(context.environment, name) if name else None
    return config if config and config.kind == "oidc_federation" else None


def _assertion(context: OAuthContext, workload: Workload) -> str:
    """Read anew each time: such files are replaced every few minutes. Blocks."""
    if workload.path:
        found = read_text(Path(workload.path), limit=_ASSERTION_BYTES)
    else:
        found = _variable(context, "identity_token")
    if not (found or "").strip():
        message = "The identity token cannot be read, or is no token; correct the path of its file."
        raise MaestroError("loginFailed", message)
    return (found or "").strip()


def _variable(context: OAuthContext, name: str) -> str | None:
    return context.environment.get(f"ANTHROPIC_{name.upper()}", "").strip() or None
