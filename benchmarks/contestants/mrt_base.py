"""MRT through one of its plugins, with everything on: error mapping, limits, time limits, usage, closing on leave."""

from __future__ import annotations

from typing import Any

import mrt
from benchmarks.contestants import PROMPT


class Plugin:
    """One runtime with one provider.

    Args:
        url: The server.
        provider: Provider id.
        credentials: Its credentials.
    """

    def __init__(self, url: str, provider: str, credentials: dict[str, str], middleware: tuple[Any, ...] = ()) -> None:
        self.runtime = mrt.Runtime(middleware=middleware)
        self.provider = provider
        self.credentials = credentials
        self.handle = self.runtime.llm(f"{provider}/bench", credentials)
        self._handles: dict[str, Any] = {}

    def model(self, name: str) -> Any:
        if name not in self._handles:
            credentials = {key: name if value == "bench" else value for key, value in self.credentials.items()}
            self._handles[name] = self.runtime.llm(f"{self.provider}/{name}", credentials)
        return self._handles[name]

    def call(self, prompt: str = PROMPT) -> None:
        self.handle.invoke(prompt)

    async def acall(self) -> None:
        await self.handle.ainvoke(PROMPT)

    def stream(self, model: str) -> int:
        return sum(1 for _ in self.model(model).stream(PROMPT))

    async def astream(self, model: str) -> int:
        count = 0
        async for _ in self.model(model).astream(PROMPT):
            count += 1
        return count

    async def aclose(self) -> None:
        await self.runtime.aclose()
