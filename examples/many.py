"""A hundred questions at once with asyncio; a failure is an answer, too."""

from __future__ import annotations

import asyncio
import os

import mrt

URL = os.environ.get("MRT_EXAMPLE_URL", "http://127.0.0.1:9997")


async def main() -> None:
    """Ask, with at most twenty calls under way, and three tries for what may be tried again."""
    from mrt.middleware import Limit, Retry

    async with mrt.Runtime(middleware=[Retry(attempts=3), Limit(concurrency=20)]) as runtime:
        chat = runtime.llm("xinference/tiny-chat", {"server_url": URL})

        async def ask(number: int) -> str:
            try:
                return (await chat.ainvoke(f"What is {number} times 2?", model_parameters={"temperature": 0})).text
            except mrt.InvokeError as error:
                return f"{type(error).__name__}: {error}"

        answers = await asyncio.gather(*(ask(number) for number in range(100)))
    print(len(answers), "answers; the last one:", answers[-1])


if __name__ == "__main__":
    asyncio.run(main())
