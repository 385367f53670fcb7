"""Whom `compatible` imitates: for each service how it departs from OpenAI, in its stream and in what it takes."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.simulators.openai_checks import CHAT_FIELDS

Errors: TypeAlias = Literal[
    "openai", "openrouter", "groq", "mistral", "flat", "number", "azure", "vllm", "string", "detail"
]
Listing: TypeAlias = Literal[
    "list",
    "openrouter",
    "groq",
    "mistral",
    "xai",
    "together",
    "fireworks",
    "moonshot",
    "github",
    "deployments",
    "ollama",
    "llamacpp",
    "vllm",
    "missing",
]
MODELS = ("acme/large-1", "acme/small-1", "acme/reasoner-1")

_MISTRAL = frozenset(
    "frequency_penalty guardrails logprobs max_tokens messages metadata min_tokens model n parallel_tool_calls "
    "prediction presence_penalty prompt_cache_key prompt_logprobs prompt_mode random_seed reasoning_effort "
    "repetition_penalty response_format safe_prompt service_tier stop stream temperature tool_choice tools top_k "
    "top_logprobs top_p top_prompt_logprobs".split()
)
_GROQ = frozenset(
    "citation_options compound_custom disable_tool_validation documents exclude_domains frequency_penalty "
    "function_call functions include_domains include_reasoning logit_bias logprobs max_completion_tokens max_tokens "
    "messages metadata model n parallel_tool_calls presence_penalty reasoning_effort reasoning_format response_format "
    "search_settings seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs "
    "top_p user".split()
)
_CEREBRAS = frozenset(
    "clear_thinking disable_reasoning frequency_penalty logit_bias logprobs max_completion_tokens max_tokens messages "
    "min_completion_tokens min_tokens model model_parameters n parallel_tool_calls prediction presence_penalty "
    "prompt_cache_key reasoning_effort reasoning_format response_format seed service_tier stop stream stream_options "
    "temperature tool_choice tools top_logprobs top_p user".split()
)
_FIREWORKS = frozenset(
    "context_length_exceeded_behavior echo echo_last frequency_penalty function_call functions ignore_eos logit_bias "
    "logprobs max_completion_tokens max_tokens messages metadata min_p mirostat_lr mirostat_target model n "
    "parallel_tool_calls perf_metrics_in_response prediction presence_penalty prompt_cache_isolation_key "
    "prompt_cache_key prompt_truncate_len raw_output reasoning_effort reasoning_history repetition_penalty "
    "response_format return_token_ids safe_tokenization seed service_tier speculation stop stream stream_options "
    "temperature thinking tool_choice tools top_k top_logprobs top_p typical_p user".split()
)
_PERPLEXITY = frozenset(
    "best_of country disable_search enable_search_classifier frequency_penalty language_preference logprobs "
    "max_tokens messages model n num_images parallel_tool_calls presence_penalty reasoning_effort response_format "
    "return_images return_related_questions safe_search search_mode stop stream stream_mode temperature tool_choice "
    "tools top_k top_logprobs top_p web_search_options".split()
)
"""The names the vendors' own SDKs have for a request; Fireworks also takes `stream_options`."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a service departs from OpenAI; the default is OpenAI."""

    comment: str = ""
    """A keep-alive comment, sent before the first chunk and between others."""
    reasoning: Literal["reasoning_content", "reasoning", "both", "none"] = "reasoning_content"
    """The field that carries the reasoning; OpenAI itself keeps it back."""
    reasoning_details: bool = False
    content_parts: bool = False
    """Content is a list of typed parts."""
    message_too: bool = False
    """Beside each delta stands the message so far."""
    tool_calls: Literal["fragments", "repeated", "blank", "whole"] = "fragments"
    """`repeated`: id and name in every fragment; `blank`: empty ones in later fragments; `whole`: in one chunk."""
    tool_index: Literal["position", "missing", "zero"] = "position"
    arguments: Literal["text", "absent", "empty", "null", "object"] = "text"
    usage: Literal["extra", "last", "choice", "x_groq", "cumulative", "bare"] = "extra"
    """Where usage travels; `bare` is an extra chunk without `id` and `object`."""
    filter_first: bool = False
    """The first chunk has no choices but filter results, as every choice has later."""
    tool_finish: str | None = "tool_calls"
    """The finish reason sent when there are tool calls."""
    native_finish: bool = False
    done: bool = True
    after_done: bytes = b""

    base: str = "/v1"
    """What the paths are added to."""
    chat_path: str = "/chat/completions"
    """`{model}` stands for a name, which then has to be one of `names`."""
    api_version: bool = False
    """A request without `api-version` finds nothing."""
    models: Listing = "list"
    models_path: str = "/models"
    """From the root if it begins with two slashes."""
    names: tuple[str, ...] = MODELS
    knows_only_names: bool = False
    key_header: str = "authorization"
    needs_key: bool = True
    errors: Errors = "openai"
    fields: frozenset[str] | None = None
    """All the names a request may have; None: others are ignored."""
    stream_options: bool = True
    """False: a request with `stream_options` is refused."""
    formats: tuple[str, ...] = ("text", "json_object", "json_schema")
    """The types of `response_format` it takes."""
    efforts: tuple[str, ...] | None = None
    """The words `reasoning_effort` may be; None: any."""
    refuses: tuple[str, ...] = ()
    """Fields it does not take."""
    call_ids: int = 0
    """Ids of calls are exactly so many letters and digits."""
    wants_reasoning: bool = False
    """Answers that called tools have to come back with their `reasoning_content`."""
    refuses_reasoning: bool = False
    """No answer may come back with it."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_MOONSHOT = Quirks(
    usage="choice",
    tool_calls="repeated",
    models="moonshot",
    efforts=_words("low high max"),
    refuses=("temperature",),
    wants_reasoning=True,
)
_ALIBABA = Quirks(tool_calls="blank", base="/compatible-mode/v1", efforts=_words("low medium xhigh"))

GATEWAYS: dict[str, Quirks] = {
    "plain": Quirks(),
    "openrouter": Quirks(
        comment="OPENROUTER PROCESSING",
        reasoning="reasoning",
        reasoning_details=True,
        usage="bare",
        native_finish=True,
        base="/api/v1",
        errors="openrouter",
        models="openrouter",
        models_path="/models/user",
    ),
    "groq": Quirks(
        reasoning="reasoning",
        tool_calls="whole",
        usage="x_groq",
        base="/openai/v1",
        errors="groq",
        models="groq",
        fields=_GROQ,
        refuses_reasoning=True,
        efforts=_words("none default low medium high"),
    ),
    "deepseek": Quirks(
        comment="keep-alive",
        usage="last",
        base="",
        formats=("text", "json_object"),
        efforts=_words("low medium high xhigh max"),
        wants_reasoning=True,
    ),
    "mistral": Quirks(
        content_parts=True,
        tool_calls="whole",
        usage="last",
        errors="mistral",
        models="mistral",
        fields=_MISTRAL,
        refuses_reasoning=True,
        stream_options=False,
        efforts=_words("none high"),
        call_ids=9,
    ),
    "xai": Quirks(
        tool_calls="whole",
        usage="cumulative",
        errors="string",
        models="xai",
        models_path="/language-models",
        efforts=_words("none low medium high"),
    ),
    "together": Quirks(usage="last", models="together", efforts=_words("low medium high")),
    "fireworks": Quirks(
        usage="last",
        base="/inference/v1",
        models="fireworks",
        fields=_FIREWORKS,
        efforts=_words("none low medium high"),
    ),
    "cerebras": Quirks(
        reasoning="reasoning",
        tool_calls="whole",
        usage="last",
        errors="flat",
        fields=_CEREBRAS,
        efforts=_words("none low medium high"),
    ),
    "moonshot": _MOONSHOT,
    "moonshot_cn": _MOONSHOT,
    "alibaba": _ALIBABA,
    "alibaba_cn": _ALIBABA,
    "perplexity": Quirks(
        usage="cumulative",
        message_too=True,
        done=False,
        base="",
        errors="number",
        models="missing",
        names=_words("sonar sonar-pro sonar-reasoning-pro sonar-deep-research"),
        knows_only_names=True,
        fields=_PERPLEXITY,
        formats=("text", "json_schema"),
        efforts=_words("minimal low medium high"),
    ),
    "github": Quirks(
        filter_first=True,
        base="/inference",
        models="github",
        models_path="//catalog/models",
        efforts=_words("low medium high"),
    ),
    "azure": Quirks(
        filter_first=True,
        base="",
        chat_path="/openai/deployments/{model}/chat/completions",
        api_version=True,
        models="deployments",
        models_path="/openai/deployments",
        knows_only_names=True,
        key_header="api-key",
        errors="azure",
        fields=CHAT_FIELDS,
        refuses=("temperature", "max_tokens"),
    ),
    "ollama": Quirks(
        reasoning="reasoning",
        tool_calls="whole",
        tool_index="zero",
        arguments="object",
        tool_finish="stop",
        errors="string",
        models="ollama",
        needs_key=False,
    ),
    "lmstudio": Quirks(
        tool_calls="whole",
        tool_index="missing",
        arguments="empty",
        done=False,
        errors="string",
        formats=("text", "json_schema"),
        needs_key=False,
    ),
    "vllm": Quirks(arguments="null", after_done=b": bye\n\n", errors="vllm", models="vllm", needs_key=False),
    "llamacpp": Quirks(errors="number", models="llamacpp", needs_key=False),
    # No service of its own, but ways in which single models or proxies differ.
    "kimi": Quirks(tool_calls="repeated", tool_finish=None, usage="last"),
    "twice": Quirks(tool_calls="blank", reasoning="both"),
    "fastapi": Quirks(errors="detail", arguments="absent", models="missing"),
    "loose": Quirks(formats=("text", "json_object"), errors="string"),
    "wordy": Quirks(formats=("text",), errors="detail"),
    "acme": Quirks(key_header="x-acme-key"),
}
