"""The vendor's own count of a prompt's tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.message import PromptMessage, PromptMessageTool
from mrt.entities.plain import is_mapping
from mrt.entities.usage import TokenCount
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt_anthropic.api import headers, url
from mrt_anthropic.request import prompt_body


def count_request(
    model: str,
    credentials: Mapping[str, Any],
    messages: Sequence[PromptMessage],
    tools: Sequence[PromptMessageTool],
) -> HTTPRequest:
    """Return the request that counts a prompt; it is free, and limited apart from other calls."""
    body = {"model": model, **prompt_body(messages, tools, {})}
    return HTTPRequest.json(url(credentials, "messages/count_tokens"), body, headers(credentials))


def read_count(response: HTTPResponse) -> TokenCount | None:
    """Return the count; None when the answer holds none."""
    body = response.json()
    tokens = body.get("input_tokens") if is_mapping(body) else None
    return TokenCount(tokens, "vendor") if isinstance(tokens, int) and tokens > 0 else None
