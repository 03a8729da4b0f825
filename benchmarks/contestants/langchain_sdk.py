"""langchain-openai."""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI

from benchmarks.contestants import PROMPT

DISTRIBUTIONS = ("langchain-openai",)


class make:
    """One chat model a name."""

    def __init__(self, url: str) -> None:
        self.options: dict[str, Any] = {"base_url": f"{url}/v1", "api_key": "sk-bench-0000", "max_retries": 0}
        self.chat = ChatOpenAI(model="bench", **self.options)

    def call(self, prompt: str = PROMPT) -> None:
        self.chat.invoke(prompt)

    async def acall(self) -> None:
        await self.chat.ainvoke(PROMPT)

    def stream(self, model: str) -> int:
        return sum(1 for _ in ChatOpenAI(model=model, **self.options).stream(PROMPT))
