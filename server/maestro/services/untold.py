"""What a request took whose service did not tell, or not to the end: never nothing, for it was sent."""

import json
from collections.abc import Iterable, Sequence

from maestro.context import tokens
from maestro_protocol.chat import ChatMessage, Tool, Usage


def completed(told: Usage, messages: Iterable[ChatMessage], tools: Iterable[Tool], heard: Sequence[str]) -> Usage:
    """The tokens told; estimated are a prompt that is not among them, and an output that is less than what was `heard`
    of the answer."""
    knows_prompt = told.input_tokens + told.cache_read_tokens + told.cache_write_tokens > 0
    prompt = told.input_tokens if knows_prompt else of_prompt(messages, tools)
    output = max(told.output_tokens, sum(map(tokens.estimate, heard)))
    if knows_prompt and output == told.output_tokens:
        return told
    more = prompt + output - told.input_tokens - told.output_tokens
    values = {"input_tokens": prompt, "output_tokens": output, "total_tokens": told.total_tokens + more}
    return told.model_copy(update={**values, "estimated": True})


def of_prompt(messages: Iterable[ChatMessage], tools: Iterable[Tool] = ()) -> int:
    """About how many tokens a request sends."""
    offered = "".join(f"{tool.description}{json.dumps(tool.input_schema)}" for tool in tools)
    return tokens.of_request(messages) + tokens.estimate(offered)
