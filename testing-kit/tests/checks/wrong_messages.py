"""Language models that do one wrong thing with messages or with token counts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from wrong_chat import Change, Wrong, edit_body

import mrt
from mrt import Invocation, LLMUsage
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM

Messages = list[dict[str, Any]]


def wired(change: Callable[[Messages], Messages | None]) -> Change:
    """Return a change of the messages on the wire."""

    def run(body: dict[str, Any]) -> None:
        body["messages"] = change(body["messages"]) or body["messages"]

    return edit_body(run)


def texts(change: Callable[[str], str]) -> Change:
    """Return a change of each text of a message."""

    def run(messages: Messages) -> None:
        for message in messages:
            if isinstance(message["content"], str):
                message["content"] = change(message["content"])

    return wired(run)


def parts(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Change:
    """Return a change of each part that is no text; None drops it."""

    def run(messages: Messages) -> None:
        for message in messages:
            if isinstance(message["content"], list):
                kept = [part if part["type"] == "text" else change(part) for part in message["content"]]
                message["content"] = [part for part in kept if part is not None]

    return wired(run)


def adds_empty(body: Any, invocation: Invocation[Any]) -> Any:
    given = invocation.request.prompt_messages
    empty = [{"role": str(item.role), "content": ""} for item in given if item.is_empty()]
    body["messages"] = [*empty, *body["messages"]]
    return body


def without_key(messages: Messages) -> None:
    for message in messages:
        if message["content"] is None:
            del message["content"]


def first_system(messages: Messages) -> Messages:
    first = next((message for message in messages if message["role"] == "system"), None)
    return [message for message in messages if message["role"] != "system" or message is first]


def hoisted(messages: Messages) -> Messages:
    return sorted(messages, key=lambda message: message["role"] != "system")


def joined_system(messages: Messages) -> Messages:
    system = "".join(str(message["content"]) for message in messages if message["role"] == "system")[:20]
    rest = [message for message in messages if message["role"] != "system"]
    return [{"role": "system", "content": system}, *rest] if system else rest


def first_place(messages: Messages) -> Messages:
    return messages[:1] + [message for message in messages[1:] if message["role"] != "system"]


def last_of_role(messages: Messages) -> Messages:
    return [
        message for place, message in enumerate(messages)
        if place + 1 == len(messages) or messages[place + 1]["role"] != message["role"]
    ]  # fmt: skip


def twins(messages: Messages) -> Messages:
    return [
        twin
        for message in messages
        for twin in ([message, dict(message)] if message["role"] == "assistant" else [message])
    ]


def user_first(messages: Messages) -> Messages:
    first = next((place for place, message in enumerate(messages) if message["role"] != "assistant"), 0)
    return messages[first:]


def relabelled(part: dict[str, Any]) -> dict[str, Any]:
    head, comma, data = part["image_url"]["url"].partition(",")
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}" if comma else head}}


def address_as_data(part: dict[str, Any]) -> dict[str, Any]:
    url = part["image_url"]["url"]
    return (
        part if url.startswith("data:") else {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{url}"}}
    )


def cut_data(part: dict[str, Any]) -> dict[str, Any]:
    head, comma, data = part["image_url"]["url"].partition(",")
    return {"type": "image_url", "image_url": {"url": f"{head}{comma}{data[: len(data) // 8 * 4]}"}}


def promoted(messages: Messages) -> None:
    for message in messages:
        text = message["content"]
        if isinstance(text, str) and text.startswith(("http", "data:")):
            message["content"] = [{"type": "image_url", "image_url": {"url": text}}]


def text_alone(self: Any, invocation: Invocation[Any]) -> Any:
    kept = [
        mrt.UserPromptMessage(message.get_text_content()) if isinstance(message.content, list) else message
        for message in invocation.request.prompt_messages
    ]
    body = {"model": invocation.model, "messages": [{"role": str(item.role), "content": item.content} for item in kept]}
    return self.post(invocation, body | ({"stream": True} if invocation.stream else {}))


def any_feature(self: Any, model: str, credentials: dict[str, Any]) -> mrt.AIModelEntity:
    return ReferenceLLM.get_customizable_model_schema(self, model, credentials).model_copy(update={"features": None})


def says_nothing(self: Any, invocation: Invocation[Any]) -> Any:
    try:
        return ReferenceLLM.build_request(self, invocation)
    except mrt.InvokeBadRequestError:
        raise mrt.InvokeBadRequestError("bad request") from None


def stuck(self: Any, invocation: Invocation[Any]) -> Any:
    if self.__dict__.get("bad"):
        raise mrt.InvokeBadRequestError("the image cannot be read")
    self.bad = True
    request = ReferenceLLM.build_request(self, invocation)
    self.bad = False
    return request


def as_printed(body: Any, invocation: Invocation[Any]) -> Any:
    for message, given in zip(body["messages"], invocation.request.prompt_messages, strict=False):
        if message["role"] == "system" and isinstance(given.content, list):
            message["content"] = str(given.content)
    return body


def printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable() or sign in "\t\n")


def first_plane(text: str) -> str:
    return "".join(sign if ord(sign) < 0x10000 else "?" for sign in text)


DROPS = {"build_request": text_alone, "get_customizable_model_schema": any_feature}

CNT: tuple[Wrong, ...] = (
    Wrong("sends empty messages", "CNT-01", "B072", body=adds_empty),
    Wrong("content key absent", "CNT-02", "B074", body=wired(without_key)),
    Wrong("strips texts", "CNT-03", body=texts(str.strip)),
    Wrong("collapses white space", "CNT-03", body=texts(lambda text: " ".join(text.split()))),
    Wrong("first system message only", "CNT-04", "B075", body=wired(first_system)),
    Wrong("cuts the system messages", "CNT-04", "B075", body=wired(joined_system)),
    Wrong("hoists system messages", "CNT-05", "B075", body=wired(hoisted)),
    Wrong("drops later system messages", "CNT-05", "B075", body=wired(first_place)),
    Wrong("last of each role", "CNT-06", body=wired(last_of_role)),
    Wrong("answers twice", "CNT-06", "B072", body=wired(twins)),
    Wrong("begins with the user", "CNT-07", body=wired(user_first)),
    Wrong("last twenty messages", "CNT-07", body=wired(lambda messages: messages[-20:])),
    Wrong("address as data", "CNT-08", "B069", body=parts(address_as_data)),
    Wrong("cuts images", "CNT-08", body=parts(cut_data)),
    Wrong("drops images", "CNT-08", body=parts(lambda part: None)),
    Wrong("everything is JPEG", "CNT-09", "B070", body=parts(relabelled)),
    Wrong("drops what is no text", "CNT-10", attributes=DROPS),
    Wrong("promotes addresses", "CNT-11", "B071", body=wired(promoted)),
    Wrong("only printable", "CNT-12", body=texts(printable)),
    Wrong("only the first plane", "CNT-12", body=texts(first_plane)),
    Wrong("cuts long texts", "CNT-13", body=texts(lambda text: text[:500_000])),
    Wrong("names no part", "CNT-14", attributes={"build_request": says_nothing}),
    Wrong("stays stuck", "CNT-14", "B077", attributes={"build_request": stuck}),
    Wrong("prints lists", "CNT-15", "B076", body=as_printed),
)  # fmt: skip


def usage(change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return changes of the vendor's counts, in whole answers and in streams."""

    def run(value: Any, _: Invocation[Any]) -> Any:
        if isinstance(value, dict) and "usage" in value:
            value["usage"] = change(value["usage"])
        return value

    return {"event": run, "payload": run}


def counted(change: Callable[[LLMUsage], Any]) -> dict[str, Any]:
    """Return changes of the usage that core is given."""

    def of_result(result: Any, _: Invocation[Any]) -> Any:
        result.usage = change(result.usage) or result.usage
        return result

    def of_chunks(chunks: Any, _: Invocation[Any]) -> Any:
        for chunk in chunks:
            if chunk.delta.usage is not None:
                chunk.delta.usage = change(chunk.delta.usage) or chunk.delta.usage
        return chunks

    return {"result": of_result, "chunks": of_chunks}


def needs_choices(value: Any, _: Invocation[Any]) -> Any:
    return value if not isinstance(value, dict) or value.get("choices") else None


def no_option(body: dict[str, Any]) -> None:
    body.pop("stream_options", None)


def option_always(body: dict[str, Any]) -> None:
    body["stream_options"] = {"include_usage": True}


def copied(found: LLMUsage) -> LLMUsage:
    return LLMUsage(found.prompt_tokens, found.prompt_tokens)


def swapped(found: LLMUsage) -> LLMUsage:
    return LLMUsage(found.completion_tokens, found.prompt_tokens)


def zeros(found: LLMUsage) -> LLMUsage | None:
    return LLMUsage(0, 0) if found.source == "unknown" else None


def invented(found: LLMUsage) -> LLMUsage | None:
    return LLMUsage(100, 100) if found.source == "unknown" else None


def reasoning_twice(found: LLMUsage) -> None:
    found.completion_tokens += found.reasoning_tokens or 0
    found.total_tokens = found.prompt_tokens + found.completion_tokens


def no_cached(found: LLMUsage) -> None:
    found.cache_read_tokens = None


def outside_cache(found: LLMUsage) -> None:
    found.prompt_tokens -= found.cache_read_tokens or 0
    found.total_tokens = found.prompt_tokens + found.completion_tokens


def made_up_total(found: LLMUsage) -> None:
    found.total_tokens = (found.total_tokens or 0) + 3


def free(found: LLMUsage) -> None:
    found.total_price = Decimal(0)


def summing() -> Wrong:
    sums: dict[int, list[int]] = {}

    def add(value: Any, invocation: Invocation[Any]) -> Any:
        found = value.get("usage") if isinstance(value, dict) else None
        if found:
            so_far = sums.setdefault(id(invocation), [0, 0])
            so_far[0] += found["prompt_tokens"]
            so_far[1] += found["completion_tokens"]
            value["usage"] = {"prompt_tokens": so_far[0], "completion_tokens": so_far[1]}
        return value

    return Wrong("sums running counts", "USG-04", "B080", event=add)


def minus_one(result: Any, _: Invocation[Any]) -> Any:
    if result.message.tool_calls:
        result.usage = LLMUsage(-1, -1)
    return result


def eager(chunks: Any, _: Invocation[Any]) -> Any:
    for chunk in chunks:
        chunk.delta.usage = chunk.delta.usage or LLMUsage(0, 0)
    return chunks


def null_details(found: Any) -> Any:
    return found if not found or found.get("prompt_tokens_details") else None


USG: tuple[Wrong, ...] = (
    Wrong("no counts", "USG-01", **usage(lambda found: None)),
    Wrong("own total", "USG-01", **counted(made_up_total)),
    Wrong("skips chunks without choices", "USG-02", "B001", event=needs_choices),
    Wrong("does not ask for counts", "USG-02", "B002", body=edit_body(no_option)),
    Wrong("copies the prompt", "USG-03", "B079", **counted(copied)),
    Wrong("swaps", "USG-03", **counted(swapped)),
    summing(),
    Wrong("skips the last counts", "USG-05", "B081", event=needs_choices),
    Wrong("unknown is zero", "USG-06", "B086", **counted(zeros)),
    Wrong("unknown is a hundred", "USG-06", **counted(invented)),
    Wrong("details or nothing", "USG-07", **usage(null_details)),
    Wrong("reasoning twice", "USG-08", "B082", **counted(reasoning_twice)),
    Wrong("cached lost", "USG-08", "B084", **counted(no_cached)),
    Wrong("cached outside", "USG-08", "B084", **counted(outside_cache)),
    Wrong("minus one for tools", "USG-09", "B086", result=minus_one),
    Wrong("zero until the end", "USG-10", chunks=eager),
    Wrong("unpriced is free", "USG-11", **counted(free)),
    Wrong("does not ask in streams", "USG-13", "B002", body=edit_body(no_option)),
    Wrong("asks always", "USG-13", body=edit_body(option_always)),
)
WRONG: tuple[Wrong, ...] = (*CNT, *USG)
