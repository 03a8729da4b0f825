"""Language models that do one wrong thing with threads, event loops, connections or memory."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from wrong_chat import Wrong
from wrong_credentials import own_client, posting

from mrt import Invocation
from mrt.http.url import endpoint
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM

LOOSE: list[Any] = []
"""What wrong providers leave open; the tests clear it."""


def whole(around: Callable[[Any, Callable[[], Any], Invocation[Any]], Any]) -> dict[str, Any]:
    """Return a model with something around its sync calls."""

    def invoke(self: Any, invocation: Invocation[Any]) -> Any:
        return around(self, lambda: ReferenceLLM.invoke(self, invocation), invocation)

    return {"invoke": invoke}


def built_apart(self: Any, invocation: Invocation[Any]) -> Any:
    self.current = invocation
    # Long enough for another thread to come in between.
    time.sleep(0.002)
    return ReferenceLLM.build_request(self, self.current)


def first_address(self: Any, credentials: Any) -> str:
    return endpoint(str(self.__dict__.setdefault("address", credentials["base_url"])), "chat/completions")


async def on_the_first_loop(self: Any, invocation: Invocation[Any]) -> Any:
    loop = self.__dict__.setdefault("loop", asyncio.get_running_loop())
    loop.call_soon_threadsafe(bool)
    answer = ReferenceLLM.ainvoke(self, invocation)
    return await answer if asyncio.iscoroutine(answer) else answer


def by_a_loop(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    async def inner() -> Any:
        return call()

    loop, work = asyncio.new_event_loop(), inner()
    try:
        return loop.run_until_complete(work)
    finally:
        work.close()
        loop.close()


def bound_to_thread(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    answer = call()
    if not invocation.stream:
        return answer

    def pieces() -> Iterator[Any]:
        owner = threading.get_ident()
        for piece in answer:
            if threading.get_ident() != owner:
                raise RuntimeError("a stream belongs to the thread that opened it")
            yield piece

    return pieces()


def not_cancelled(self: Any, invocation: Invocation[Any]) -> Any:
    if not invocation.stream:
        return ReferenceLLM.ainvoke(self, invocation)
    source = ReferenceLLM.ainvoke(self, invocation)

    async def pump(queue: asyncio.Queue[Any]) -> None:
        found = await source if asyncio.iscoroutine(source) else source
        async for piece in found:
            queue.put_nowait(piece)
        queue.put_nowait(None)

    async def pieces() -> AsyncIterator[Any]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        # Nobody ever ends it.
        LOOSE.append(asyncio.ensure_future(pump(queue)))
        while (piece := await queue.get()) is not None:
            yield piece

    return pieces()


def keeps_socket(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    host, _, port = str(invocation.credentials["base_url"]).rpartition("/")[2].partition(":")
    LOOSE.append(socket.create_connection((host, int(port))))
    return call()


def keeps_thread(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    end = threading.Event()
    LOOSE.append(end)
    threading.Thread(target=end.wait, daemon=True).start()
    return call()


def on_the_class(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    type(self).last_prompt = str(invocation.request.prompt_messages[-1].content)
    return call()


def on_itself(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    self.last = str(invocation.request.prompt_messages[-1].content)
    return call()


def busy(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    if invocation.stream:
        return call()
    found: list[Any] = []

    def body() -> None:
        try:
            found.append(call())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    while thread.is_alive():
        pass
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def remembers(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    self.__dict__.setdefault("history", []).append(str(invocation.request.prompt_messages[-1].content))
    return call()


def keeps_itself(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    LOOSE.append(invocation.context)
    return call()


def lingers(self: Any, call: Callable[[], Any], invocation: Invocation[Any]) -> Any:
    threading.Thread(target=time.sleep, args=(60,)).start()
    return call()


WRONG: tuple[Wrong, ...] = (
    Wrong("state of the call on the model", "CON-01", attributes={"build_request": built_apart}),
    Wrong("first address for all", "CON-02", "B146", attributes=posting(url=first_address)),
    Wrong("bound to the first loop", "CON-03", "B145", attributes={"ainvoke": on_the_first_loop}),
    Wrong("sync by an event loop", "CON-04", "B144", attributes=whole(by_a_loop)),
    Wrong("bound to its thread", "CON-05", "B144", attributes=whole(bound_to_thread)),
    Wrong("never cancelled", "CON-06", "B020", attributes={"ainvoke": not_cancelled}),
    Wrong("a connection for each call", "CON-07", "B149", attributes=own_client()),
    Wrong("keeps sockets", "CON-08", "B149", attributes=whole(keeps_socket)),
    Wrong("keeps threads", "CON-08", attributes=whole(keeps_thread)),
    Wrong("prompt on itself", "CON-10", attributes=whole(on_itself)),
    Wrong("busy waiting", "CON-12", "B151", attributes=whole(busy)),
    Wrong("state of the call on the model, taking turns", "CON-13", attributes={"build_request": built_apart}),
    Wrong("remembers prompts", "CON-15", "B154", attributes=whole(remembers)),
)

lingering = Wrong("a thread that stays", "CON-14", attributes=whole(lingers)).provider()
plugin = Wrong("right", "").provider()
