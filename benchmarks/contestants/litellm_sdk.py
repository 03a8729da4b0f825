"""litellm."""

from __future__ import annotations

from typing import Any

import litellm

from benchmarks.contestants import MESSAGES, PROMPT, messages

DISTRIBUTIONS = ("litellm",)
IS_SLOW = True


class make:
    """Its module-level functions."""

    def __init__(self, url: str) -> None:
        self.options: dict[str, Any] = {
            "api_base": f"{url}/v1",
            "api_key": "sk-bench-0000",
            "messages": MESSAGES,
            "num_retries": 0,
        }

    def call(self, prompt: str = PROMPT) -> None:
        litellm.completion(model="openai/bench", **{**self.options, "messages": messages(prompt)})

    async def acall(self) -> None:
        await litellm.acompletion(model="openai/bench", **self.options)

    def stream(self, model: str) -> int:
        return sum(1 for _ in litellm.completion(model=f"openai/{model}", stream=True, **self.options))
