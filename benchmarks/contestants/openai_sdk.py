"""The openai SDK."""

from __future__ import annotations

from typing import Any

import openai

from benchmarks.contestants import MESSAGES, PROMPT, messages

DISTRIBUTIONS = ("openai",)


class make:
    """One client, and one for asyncio."""

    def __init__(self, url: str) -> None:
        self.options: dict[str, Any] = {"base_url": f"{url}/v1", "api_key": "sk-bench-0000", "max_retries": 0}
        self.client = openai.OpenAI(**self.options)
        self._aclient: Any = None

    @property
    def aclient(self) -> Any:
        if self._aclient is None:
            self._aclient = openai.AsyncOpenAI(**self.options)
        return self._aclient

    def call(self, prompt: str = PROMPT) -> None:
        self.client.chat.completions.create(model="bench", messages=messages(prompt))  # type: ignore[arg-type]

    async def acall(self) -> None:
        await self.aclient.chat.completions.create(model="bench", messages=MESSAGES)

    def stream(self, model: str) -> int:
        answer: Any = self.client.chat.completions.create(model=model, messages=MESSAGES, stream=True)  # type: ignore[call-overload]
        return sum(1 for _ in answer)

    async def astream(self, model: str) -> int:
        count = 0
        async for _ in await self.aclient.chat.completions.create(model=model, messages=MESSAGES, stream=True):
            count += 1
        return count

    def embed(self, texts: list[str], model: str) -> int:
        return len(self.client.embeddings.create(model=model, input=texts).data)

    async def aclose(self) -> None:
        if self._aclient is not None:
            await self._aclient.close()
