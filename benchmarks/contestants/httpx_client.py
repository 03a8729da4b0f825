"""httpx as its documentation shows it."""

from __future__ import annotations

import json
from typing import Any

import httpx

from benchmarks.contestants import MESSAGES, PROMPT, messages

DISTRIBUTIONS = ("httpx",)


class make:
    """One client, and one for asyncio."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(timeout=60)
        self._aclient: Any = None

    @property
    def aclient(self) -> Any:
        if self._aclient is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
            self._aclient = httpx.AsyncClient(limits=limits, timeout=120)
        return self._aclient

    def call(self, prompt: str = PROMPT) -> None:
        body = {"model": "bench", "messages": messages(prompt)}
        self.client.post(f"{self.url}/v1/chat/completions", json=body).json()

    async def acall(self) -> None:
        body = {"model": "bench", "messages": MESSAGES}
        (await self.aclient.post(f"{self.url}/v1/chat/completions", json=body)).json()

    def stream(self, model: str) -> int:
        body = {"model": model, "messages": MESSAGES, "stream": True}
        count = 0
        with self.client.stream("POST", f"{self.url}/v1/chat/completions", json=body) as response:
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    json.loads(line[6:])
                    count += 1
        return count

    async def astream(self, model: str) -> int:
        body = {"model": model, "messages": MESSAGES, "stream": True}
        count = 0
        async with self.aclient.stream("POST", f"{self.url}/v1/chat/completions", json=body) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    json.loads(line[6:])
                    count += 1
        return count

    def embed(self, texts: list[str], model: str) -> int:
        answer = self.client.post(f"{self.url}/v1/embeddings", json={"model": model, "input": texts})
        return len(json.loads(answer.content)["data"])

    async def aclose(self) -> None:
        if self._aclient is not None:
            await self._aclient.aclose()
