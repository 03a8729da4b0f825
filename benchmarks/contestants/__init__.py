"""The contestants: one module each, with the same functions where it can do the thing.

``DISTRIBUTIONS`` names what has to be installed. ``make(url)`` returns an object with some of: ``call(prompt)``,
``acall()``, ``stream(model) -> number of chunks``, ``astream(model)``, ``embed(texts, model)``, ``aclose()``, and
``wrapped(name)``, which is another such object that calls through a middleware.
"""

from __future__ import annotations

NAMES = (
    "raw_socket",
    "http_client",
    "httpx_client",
    "httpx2_client",
    "mrt_openai",
    "mrt_xinference",
    "mrt_openllm",
    "mrt_anthropic",
    "openai_sdk",
    "litellm_sdk",
    "langchain_sdk",
    "pydantic_ai_sdk",
    "any_llm_sdk",
    "llm_sdk",
)

PROMPT = "Tell me something."
MESSAGES = [{"role": "user", "content": PROMPT}]


def messages(prompt: str) -> list[dict[str, str]]:
    """Return a conversation of one message."""
    return [{"role": "user", "content": prompt}]
