"""Settings: one model for `config.toml`, the environment, the editor's settings and the documentation."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from maestro_protocol.base import WireModel


class SettingsModel(WireModel):
    """Settings refuse unknown names, so that a typo is told and not ignored."""

    model_config = ConfigDict(extra="forbid")


class OAuthSettings(SettingsModel):
    """The endpoints and the client of a provider's login. A provider reads the fields that apply to it."""

    client_id: str | None = None
    """Also `<PROVIDER>_OAUTH_CLIENT_ID`."""
    client_secret: SecretStr | None = None
    """Google's desktop clients need one; from `config.toml` or the environment (`GEMINI_OAUTH_CLIENT_SECRET`), never
    from an editor."""
    issuer: str | None = None
    """OpenAI's authorization server."""
    authorize_url: str | None = None
    token_url: str | None = None
    redirect_uri: str | None = None
    """Anthropic: the page that shows the code to paste."""
    scopes: list[str] | None = None
    """Replaces the scopes asked for."""
    ports: list[int] | None = None
    """OpenAI: the loopback ports its client is registered for, in the order they are tried."""
    mode_rule: Literal["current", "2025-08"] | None = None
    """OpenAI: which rule chooses the mode of a login; `2025-08` decides by plan."""
    betas: list[str] | None = None
    """Anthropic: beta flags of OAuth requests; `oauth-2025-04-20` unless set."""
    claude_code_identity: bool = False
    """Anthropic: send subscription logins as Claude Code does. Anthropic forbids this to other programs."""
    code_assist: bool = False
    """Gemini: use Gemini CLI's service with its login. Google forbids this to other programs."""
    code_assist_base_url: str | None = None
    quota_project: str | None = None
    """Gemini: the Google Cloud project that is billed."""


class ProviderSettings(SettingsModel):
    """How to reach one provider. A provider reads the fields that apply to it."""

    base_url: str | None = None
    """OpenAI's and compatible ones end in `/v1`, Anthropic's and Gemini's are the host alone, as their SDKs have it."""
    api_key: SecretStr | None = None
    """From `config.toml` or the environment, never from an editor; the vendor's own variable overrides it."""
    default_model: str | None = None
    valid_models: dict[str, str] = Field(default_factory=dict)
    """Models by their long name, each with its short one; listed also while the service does not answer."""
    invalid_models: list[str] = Field(default_factory=list)
    """Long names that are not listed: they do not chat."""
    flags: dict[str, bool | int | str] = Field(default_factory=dict)
    """What a compatible service wants otherwise than most, e.g. `{streamOptions: false}`; the README has them all."""
    version: str | None = None
    """`anthropic-version` (`2023-06-01` or `2026-10-21`), Azure's `api-version`."""
    api_version: Literal["v1", "v1beta"] | None = None
    """Gemini's API version; `v1` unless set, `-latest` aliases live on `v1beta`."""
    betas: list[str] = Field(default_factory=list)
    """Anthropic beta flags sent with every request."""
    organization: str | None = None
    """OpenAI; also `OPENAI_ORGANIZATION` or `OPENAI_ORG_ID`."""
    project: str | None = None
    """OpenAI; also `OPENAI_PROJECT` or `OPENAI_PROJECT_ID`."""
    chatgpt_base_url: str | None = None
    """OpenAI: the service behind logins in ChatGPT mode."""
    client_version: str | None = None
    """OpenAI: the client version ChatGPT's service is told; it decides which models are listed."""
    oauth: OAuthSettings = Field(default_factory=OAuthSettings)
    background: bool = False
    """Run OpenAI responses in the background, so that a broken stream resumes where it stopped."""
    max_tokens: int = Field(default=8192, ge=1)
    """Output cap where the provider insists on one, in tokens; lowered to the model's own."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Extra request headers."""


class DefaultSettings(SettingsModel):
    provider: str = "gemini"
    """Used when neither a model nor a session says otherwise."""
    chat: str | None = None
    """The model of a chat that names none; as all of these a full or short name, an alias or a route."""
    complete: str | None = None
    """The model of a `chat/complete` that names none; `defaults.chat` unless set."""
    compact: str | None = None
    """The model that sums up what a compaction removes; the chat's own unless set."""
    audit: str | None = None
    """The model of an audit that names none."""


class RouteSettings(SettingsModel):
    """Models that stand in for each other, under one name."""

    models: list[str] = Field(min_length=1)
    """Model strings; `session:provider/model` says which session."""
    strategy: Literal["failover", "spread"] = "failover"
    """`failover` asks the next one when one is busy, out of quota or gone; `spread` also begins with the one that has
    most of its rate limit left."""


def _named(value: object) -> object:
    return {"models": value} if isinstance(value, list) else value


_Route = Annotated[RouteSettings, BeforeValidator(_named, json_schema_input_type=list[str] | RouteSettings)]


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number of US dollars")
    return value


_Dollars = Annotated[float, BeforeValidator(_no_switch, json_schema_input_type=Annotated[float, Field(ge=0)])]


class BudgetSettings(SettingsModel):
    """US dollars, estimated; 0 is no limit. What would go beyond is refused with 4208 before it is spent."""

    turn: _Dollars = Field(default=0, ge=0, allow_inf_nan=False)
    """US dollars of one turn of a chat, or one completion; 0 is no limit. Audits have `maxCost` instead."""
    chat: _Dollars = Field(default=0, ge=0, allow_inf_nan=False)
    """US dollars of one chat, its compactions included; 0 is no limit."""
    day: _Dollars = Field(default=0, ge=0, allow_inf_nan=False)
    """US dollars of everything since midnight UTC, audits and every window included; 0 is no limit."""


class TransportSettings(SettingsModel):
    connect_timeout_ms: int = Field(default=10_000, ge=1)
    read_timeout_ms: int = Field(default=300_000, ge=1)
    """The longest silence on the socket."""
    idle_timeout_ms: int = Field(default=300_000, ge=1)
    """The longest time without *content*; keep-alives do not count, and neither does time in which we do not read."""


class RetrySettings(SettingsModel):
    """Attempts after the first, by class, and how long to wait."""

    rate_limited: int = Field(default=4, ge=0)
    overloaded: int = Field(default=3, ge=0)
    server: int = Field(default=2, ge=0)
    network: int = Field(default=2, ge=0)
    base_delay_ms: int = Field(default=500, ge=0)
    max_delay_ms: int = Field(default=8_000, ge=0)
    max_server_delay_ms: int = Field(default=120_000, ge=0)
    """A provider that asks for a longer wait is out of quota, not busy."""
    max_total_delay_ms: int = Field(default=180_000, ge=0)


class StreamSettings(SettingsModel):
    max_latency_ms: int = Field(default=33, ge=0, le=250)
    """How long deltas may wait to be merged."""


class LimitSettings(SettingsModel):
    max_active_turns: int = Field(default=256, ge=1)
    max_message_bytes: int = Field(default=33_554_432, ge=65_536)


class ModelSettings(SettingsModel):
    probe_local_servers: bool = True
    """Look for Ollama, LM Studio and llama.cpp on their default ports when providers or models are listed."""
    cache_minutes: int = Field(default=60, ge=0)
    list_timeout_ms: int = Field(default=10_000, ge=1)
    """How long a service may take to list its models; the others' are shown without it."""


class SessionSettings(SettingsModel):
    refresh_in_background: bool = True
    """Renew logins shortly before they expire, so that no request waits for it."""
    login_timeout_ms: int = Field(default=0, ge=0)
    """How long a login may wait for the browser; 0 is as long as it takes."""


class ChatSettings(SettingsModel):
    delivery: Literal["reject", "queue"] = "reject"
    """A second message while a chat is answering: refused with 4302, or answered afterwards."""
    overflow: Literal["refuse", "trim"] = "refuse"
    """A context that does not fit: refused with 4502, or its oldest rounds are left out with a notice."""
    context_tokens: int = Field(default=0, ge=0)
    """The most that is sent, in tokens; 0 is the model's context window."""
    max_rounds: int = Field(default=25, ge=1)
    """Requests of one turn; each round of tool calls takes one."""
    max_turn_tokens: int = Field(default=2_000_000, ge=0)
    """Tokens of one turn, input included; 0 is no limit."""
    max_turn_ms: int = Field(default=3_600_000, ge=0)
    """How long one turn may take, waiting for permissions left out; 0 is no limit."""
    restart_interrupted: Literal["never", "auto"] = "never"
    """An answer that broke off and cannot be resumed: told with 4205, or begun once more, said by `restarted`."""


class PermissionSettings(SettingsModel):
    timeout_ms: int = Field(default=300_000, ge=1)
    """How long a question for permission stays open; no answer means no."""


class McpServer(SettingsModel):
    """A server of the Model Context Protocol: started by `command`, or reached at `url`."""

    command: str | None = None
    args: list[str] = Field(default_factory=list)
    env: dict[str, SecretStr] = Field(default_factory=dict)
    url: str | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    enabled: bool = True
    trusted: bool = False
    """Believe what the server says of its tools: those that only read run without a question."""


class ToolSettings(SettingsModel):
    enabled: bool = True
    """Offer tools to models, in trusted workspaces."""
    run_command: bool = False
    fetch_url: bool = False
    timeout_ms: int = Field(default=120_000, ge=1)
    """How long a call may take."""
    max_output_bytes: int = Field(default=65_536, ge=1_024)
    """What a call may return; the middle of more is left out."""
    mcp_servers: dict[str, McpServer] = Field(default_factory=dict)
    """By name; needs the extra `mcp`."""


class TelemetrySettings(SettingsModel):
    open_telemetry: bool = False
    """Spans by the GenAI conventions, to where the OTEL_ variables say; needs the extra `otel`."""
    capture_content: bool = False
    """Put what was said into the spans too."""


class AuditSettings(SettingsModel):
    consent: Literal["ask", "always", "never"] = "ask"
    """Whether code may be sent for an audit; `ask` asks once per workspace folder and service."""
    on_save: bool = False
    """Audit a document whenever it is saved. It costs what audits cost."""
    save_delay_ms: int = Field(default=500, ge=0, le=60_000)
    """How long after the last time it was saved that audit begins."""
    rules: list[str] | None = None
    """Ids or categories of the catalogue that audits report; absent, all of them."""
    min_severity: Literal["critical", "high", "medium", "low"] = "low"
    """What is below it is dropped."""
    concurrency: int = Field(default=3, ge=1, le=32)
    """How many requests of audits are under way at once; read when the server starts."""
    code_lens: bool = True
    """Offer a lens above functions with findings, and above those a tool wrote last."""


class Settings(SettingsModel):
    """Everything a user can set."""

    defaults: DefaultSettings = Field(default_factory=DefaultSettings)
    providers: dict[str, ProviderSettings] = Field(default_factory=dict)
    """By provider id."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Names of your own for model strings."""
    routes: dict[str, _Route] = Field(default_factory=dict)
    """By the name to use as a model; a list alone is a failover."""
    budgets: BudgetSettings = Field(default_factory=BudgetSettings)
    trusted_folders: list[str] = Field(default_factory=list)
    """Folders whose `.maestro.toml` may set addresses, keys and commands; from `config.toml` alone."""
    transport: TransportSettings = Field(default_factory=TransportSettings)
    retry: RetrySettings = Field(default_factory=RetrySettings)
    stream: StreamSettings = Field(default_factory=StreamSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    sessions: SessionSettings = Field(default_factory=SessionSettings)
    chat: ChatSettings = Field(default_factory=ChatSettings)
    permissions: PermissionSettings = Field(default_factory=PermissionSettings)
    tools: ToolSettings = Field(default_factory=ToolSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def provider(self, provider_id: str) -> ProviderSettings:
        """The settings of one provider; defaults where nothing is set."""
        return self.providers.get(provider_id) or ProviderSettings()

    def route(self, name: str) -> RouteSettings | None:
        """The route of this name, if there is one."""
        return self.routes.get(name)
