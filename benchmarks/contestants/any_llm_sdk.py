"""any-llm."""

from __future__ import annotations

from typing import Any

import any_llm

from benchmarks.contestants import MESSAGES, PROMPT, messages

DISTRIBUTIONS = ("any-llm-sdk",)
IS_SLOW = True


class make:
    """Its module-level functions."""

    def __init__(self, url: str) -> None:
        self.options: dict[str, Any] = {"api_base": f"{url}/v1", "api_key": "sk-bench-0000", "messages": MESSAGES}

    def call(self, prompt: str = PROMPT) -> None:
        any_llm.completion(model="bench", provider="openai", **{**self.options, "messages": messages(prompt)})

    async def acall(self) -> None:
        await any_llm.acompletion(model="bench", provider="openai", **self.options)

    def stream(self, model: str) -> int:
        answer: Any = any_llm.completion(model=model, provider="openai", stream=True, **self.options)
        return sum(1 for _ in answer)
