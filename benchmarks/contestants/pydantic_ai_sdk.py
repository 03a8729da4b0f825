"""pydantic-ai."""

from __future__ import annotations

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from benchmarks.contestants import PROMPT

DISTRIBUTIONS = ("pydantic-ai-slim",)
IS_SLOW = True


class make:
    """One agent without tools."""

    def __init__(self, url: str) -> None:
        provider = OpenAIProvider(base_url=f"{url}/v1", api_key="sk-bench-0000")
        self.agent = Agent(OpenAIChatModel("bench", provider=provider), retries=0)

    def call(self, prompt: str = PROMPT) -> None:
        self.agent.run_sync(prompt)

    async def acall(self) -> None:
        await self.agent.run(PROMPT)
