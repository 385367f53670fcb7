"""The lists of models as single services have them, and what stands in them beside a name."""

from collections.abc import Sequence

from tests.simulators.gateways import Listing
from tests.simulators.wire import Json


def listing(kind: Listing, names: Sequence[str]) -> Json | list[Json]:
    """The list of these models; one entry more where a service also lists what does not chat."""
    entries = [{"id": name, "object": "model", "created": 1, "owned_by": "acme", **_MORE[kind]} for name in names]
    match kind:
        case "github":
            return entries
        case "together":
            return [*entries, {"id": "acme/pictures", "object": "model", "type": "image", "pricing": {"input": 0}}]
        case "mistral":
            return {"object": "list", "data": [*entries, {"id": "embed", "capabilities": {"completion_chat": False}}]}
        case "fireworks":
            return {"object": "list", "data": [*entries, {"id": "flux", "supports_chat": False}]}
        case "groq":
            return {"object": "list", "data": [*entries, {"id": "gone", "active": False}]}
        case "xai":
            return {"models": entries}
        case "llamacpp":
            return {"models": [{"name": name, "model": name} for name in names], "object": "list", "data": entries}
    return {"object": "list", "data": entries}


_MORE: dict[Listing, Json] = {
    "list": {},
    "missing": {},
    "ollama": {},
    "openrouter": {
        "name": "Acme: Some Model",
        "context_length": 128_000,
        "architecture": {"input_modalities": ["text", "image"]},
        "pricing": {
            "prompt": "0.000001",
            "completion": "0.000002",
            "input_cache_read": "0.0000001",
            "input_cache_write": "0.00000125",
        },
        "top_provider": {"max_completion_tokens": 16_000},
        "supported_parameters": ["tools", "reasoning", "structured_outputs"],
        "expiration_date": "2027-03-01",
    },
    "groq": {"active": True, "context_window": 131_072, "max_completion_tokens": 32_768},
    "mistral": {
        "name": "acme-large",
        "max_context_length": 131_072,
        "capabilities": {"completion_chat": True, "function_calling": True, "vision": False, "reasoning": True},
        "deprecation": "2027-03-01T12:00:00Z",
    },
    "xai": {
        "input_modalities": ["text", "image"],
        "prompt_text_token_price": 10_000,
        "cached_prompt_text_token_price": 1_000,
        "completion_text_token_price": 20_000,
    },
    "together": {
        "type": "chat",
        "display_name": "Some Model",
        "context_length": 131_072,
        "pricing": {"hourly": 0, "input": 1, "output": 2, "base": 0, "finetune": 0},
    },
    "fireworks": {
        "context_length": 131_072,
        "supports_chat": True,
        "supports_tools": True,
        "supports_image_input": False,
    },
    "moonshot": {"context_length": 262_144, "supports_image_in": True, "supports_reasoning": True},
    "github": {
        "name": "Some Model",
        "publisher": "Acme",
        "capabilities": ["streaming", "tool-calling"],
        "limits": {"max_input_tokens": 128_000, "max_output_tokens": 4_096},
        "supported_input_modalities": ["text", "image"],
    },
    "deployments": {"object": "deployment", "model": "gpt-5.4", "status": "succeeded"},
    "llamacpp": {"meta": {"n_ctx_train": 131_072}},
    "vllm": {"max_model_len": 32_768},
}
