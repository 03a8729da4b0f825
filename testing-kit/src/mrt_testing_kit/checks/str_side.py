"""STR: several streams side by side."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from mrt import LLMResult
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import show
from mrt_testing_kit.heard import TOOLS, WEATHER
from mrt_testing_kit.target import Model

_CITIES = ("Paris", "Rome", "Oslo", "Lima")


@check(
    "STR-35",
    "two streams at a time do not mix",
    essential=True,
    fix="Keep the state of a stream in the stream, never on the plugin, the model object or the module.",
)
def str_35(ctx: Context) -> None:
    """Answers that are read in turn stay what they are alone: texts, thoughts, calls, counts and ends."""
    model = _most_able(ctx)
    ctx.model = model.name
    for prompts in _prompts(ctx, model):
        options: dict[str, Any] = {"tools": [WEATHER]} if model.declares(TOOLS) else {}
        alone = [_parts(ctx.chat(prompt, **options).ok().result) for prompt in prompts]
        for prompt, parts in zip(prompts, alone, strict=True):
            city = next(city for city in _CITIES if city in prompt)
            ctx.expect(city in repr(parts), "an answer is wrong before any other is read", expected=city, came=parts)
        start = ctx.handle().stream if ctx.way == "stream" else ctx.handle().astream
        for how, read in _READERS[ctx.way].items():
            together = [_parts(result) for result in read(ctx, [start(prompt, **options) for prompt in prompts])]
            ctx.equal(together, alone, f"what four streams brought that were read {how}")


def _most_able(ctx: Context) -> Model:
    return max(ctx.models["llm"], key=lambda model: (model.declares(TOOLS), model.declares("reasoning")))


def _prompts(ctx: Context, model: Model) -> Iterator[list[str]]:
    """Yield prompts for answers with all parts that the model may have, and for answers of calls alone."""
    said = "[[oracle: say {0} is where it rains, and {0} is where it stops.]] [[oracle: usage {1} {2}]]"
    if model.declares("reasoning"):
        said += " [[oracle: think I look at {0}, and {0} it is.]]"
    calls = '[[oracle: tool:get_weather {{"city": "{0}"}}]] [[oracle: tool:get_weather {{"city": "not {0}"}}]]'
    forms = [f"{said} {calls}", f"{calls} [[oracle: usage {{1}} {{2}}]]"] if model.declares(TOOLS) else [said]
    for form in forms:
        yield [f"{city}? {form.format(city, 101 + 2 * place, 211 + 12 * place)}" for place, city in enumerate(_CITIES)]


def _parts(result: Any) -> Any:
    """Return what an answer says, without the ids that a vendor draws."""
    if not isinstance(result, LLMResult):
        return show(result)
    calls: list[Any] = []
    for call in result.message.tool_calls:
        try:
            calls.append((call.index, call.function.name, json.loads(call.function.arguments)))
        except ValueError:
            calls.append((call.index, call.function.name, call.function.arguments))
    counts = (result.usage.prompt_tokens, result.usage.completion_tokens)
    return result.text, result.reasoning_content, calls, result.finish_reason, counts


def _in_turn(ctx: Context, streams: list[Any]) -> list[Any]:
    found: dict[int, Exception] = {}

    def goes_on(place: int) -> bool:
        try:
            return next(streams[place], None) is not None
        except Exception as error:
            # Judged with the results.
            found[place] = error
            return False

    live = list(range(len(streams)))
    while live:
        live = [place for place in live if goes_on(place)]
    return [found.get(place) or stream.result for place, stream in enumerate(streams)]


def _in_threads(ctx: Context, streams: list[Any]) -> list[Any]:
    found: list[Any] = [None] * len(streams)
    # They step together, so that none is through before another has begun, until the first has ended.
    step = threading.Barrier(len(streams))

    def read(place: int) -> None:
        try:
            for _ in streams[place]:
                with contextlib.suppress(threading.BrokenBarrierError):
                    step.wait(ctx.seconds(10))
            found[place] = streams[place].result
        except Exception as error:
            found[place] = error
        finally:
            step.abort()

    threads = [threading.Thread(target=read, args=(place,), daemon=True) for place in range(len(streams))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _in_tasks(ctx: Context, streams: list[Any]) -> list[Any]:
    async def read(stream: Any) -> Any:
        async for _ in stream:
            await asyncio.sleep(0)
        return stream.result

    async def all_of_them() -> list[Any]:
        return list(await asyncio.gather(*map(read, streams), return_exceptions=True))

    return ctx.run(all_of_them())


_READERS = {"stream": {"in turn": _in_turn, "in threads": _in_threads}, "astream": {"in tasks": _in_tasks}}
