"""Wrong ways with plain answers and with reasoning."""

from __future__ import annotations

import json
from typing import Any

from wrong_chat import Wrong, both, deltas, edit, edit_body, edit_sent, finish_of, holders, messages, on_text

from mrt import AssistantPromptMessage, Invocation, LLMResult, LLMResultChunk, LLMResultChunkDelta, TokenCount
from mrt_testing_kit.references.openai_http import llm as reference

_SEEN: list[Any] = []


def _words_of(holder: dict[str, Any]) -> None:
    if holder.get("content"):
        holder["content"] = " ".join(holder["content"].split())


def _ascii(text: str) -> str:
    return json.dumps(text)[1:-1]


def _no_system(body: dict[str, Any]) -> None:
    body["messages"] = [message for message in body["messages"] if message["role"] not in ("system", "developer")]


def _hoist(body: dict[str, Any]) -> None:
    system = [message["content"] for message in body["messages"] if message["role"] == "system"]
    if system:
        _no_system(body)
        body["messages"][0]["content"] = f"{system[0]}\n{body['messages'][0]['content']}"


def _mutating(self: Any, invocation: Invocation[Any]) -> Any:
    for message in invocation.request.prompt_messages:
        if isinstance(message.content, str):
            message.content = message.content.strip()
    return super(type(self), self).build_request(invocation)


def _remembering(body: Any, _: Invocation[Any]) -> Any:
    _SEEN.extend(body["messages"])
    return {**body, "messages": list(_SEEN)}


def _one_model(body: dict[str, Any]) -> None:
    body["model"] = "oracle-chat"


def _hollow(self: Any, invocation: Invocation[Any], response: Any) -> LLMResult:
    try:
        text = (response.json()["choices"][0]["message"])["content"] or ""
    except Exception:
        text = ""
    return LLMResult(invocation.model, AssistantPromptMessage(text), finish_reason="stop")


def _count_list(self: Any, model: str, credentials: Any, messages: Any, tools: Any = None) -> Any:
    return TokenCount(7, "tokenizer")


def _printed(value: Any, _: Invocation[Any]) -> Any:
    for holder in holders(value):
        if "refusal" in holder:
            holder["content"] = f"{holder.get('content') or ''}{holder['refusal'] or ''}"
        for name in ("reasoning_content", "tool_calls"):
            if name in holder and holder[name] is None:
                holder["content"] = f"{holder.get('content')}{holder[name]}"
    return value


def _stream_length(value: Any, _: Invocation[Any]) -> Any:
    for choice in value.get("choices") or ():
        if choice.get("finish_reason") == "length":
            choice["finish_reason"] = "stop"
    return value


async def _other_async(self: Any, invocation: Invocation[Any]) -> Any:
    return LLMResult(invocation.model, AssistantPromptMessage("async"), finish_reason="stop")


def _ainvoke(self: Any, invocation: Invocation[Any]) -> Any:
    if invocation.stream:
        return reference.ReferenceLLM.ainvoke(self, invocation)
    return _other_async(self, invocation)


def _drop_thought(holder: dict[str, Any]) -> None:
    if holder.get("content"):
        holder.pop("reasoning_content", None)


def _into_text(holder: dict[str, Any]) -> None:
    thought = holder.pop("reasoning_content", None)
    if thought:
        holder["content"] = thought + (holder.get("content") or "")


def _alias(holder: dict[str, Any]) -> None:
    for name in ("reasoning", "thinking", "reasoning_details"):
        holder.pop(name, None)


def _no_splitter(value: Any, _: Invocation[Any]) -> Any:
    # A mark that keeps the reference's splitter from seeing the tags.
    for holder in holders(value):
        if holder.get("content"):
            holder["content"] = holder["content"].replace("<think>", "<think >")
    return value


def _whole_tags(value: Any, _: Invocation[Any]) -> Any:
    for delta in deltas(value):
        text = delta.get("content") or ""
        if text.lstrip().startswith("<") and not text.lstrip().startswith("<think>"):
            delta["content"] = f"\u200b{text}"
    return value


def _first_round(value: Any, _: Invocation[Any]) -> Any:
    for message in messages(value):
        first, end, rest = (message.get("content") or "").partition("</think>")
        message["content"] = first + end + rest.replace("<think>", "<think >")
    return value


def _blank(chunks: list[LLMResultChunk], invocation: Invocation[Any]) -> list[LLMResultChunk]:
    said = AssistantPromptMessage("", reasoning_content="\n")
    return [LLMResultChunk(invocation.model, LLMResultChunkDelta(0, said)), *chunks] if chunks else chunks


def _blank_result(result: LLMResult, _: Invocation[Any]) -> LLMResult:
    result.reasoning_content = result.reasoning_content or "\n"
    return result


def _never_back(message: dict[str, Any]) -> None:
    message.pop("reasoning_content", None)


def _always_back(body: Any, invocation: Invocation[Any]) -> Any:
    from mrt import AssistantPromptMessage as Said

    given = [message for message in invocation.request.prompt_messages if isinstance(message, Said)]
    sent = [message for message in body["messages"] if message["role"] == "assistant"]
    for one, message in zip(given, sent, strict=False):
        if one.reasoning_content:
            message["reasoning_content"] = one.reasoning_content
    return body


def _strip_tags(message: dict[str, Any]) -> None:
    if isinstance(message.get("content"), str):
        message["content"] = message["content"].replace("<think>", "").replace("</think>", "")


def _crash_on_redacted(value: Any, invocation: Invocation[Any]) -> Any:
    if isinstance(value, dict) and invocation.request.tools:
        for holder in holders(value):
            if holder.get("tool_calls") and not holder.get("reasoning_content"):
                raise KeyError("reasoning_content")
    return value


def _think_on(body: dict[str, Any]) -> None:
    body["reasoning_effort"] = "high"


WRONG = (
    Wrong("shouts", "LLM-01", **on_text(str.upper)),
    Wrong(
        "adds a system message",
        "LLM-01",
        body=edit_body(lambda body: body["messages"].insert(0, {"role": "system", "content": "Hi"})),
    ),
    Wrong("maps the finish of streams alone", "LLM-02", "B005", event=_stream_length),
    Wrong("has another async", "LLM-03", attributes={"ainvoke": _ainvoke}),
    Wrong("asks one model always", "LLM-04", body=edit_body(_one_model)),
    Wrong("strips the caller's messages", "LLM-05", attributes={"build_request": _mutating}),
    Wrong("drops the system message", "LLM-06", body=edit_body(_no_system)),
    Wrong("puts the system message to the user's", "LLM-06", body=edit_body(_hoist)),
    Wrong("writes escapes", "LLM-07", "B011", **on_text(_ascii)),
    Wrong(
        "loses astral letters",
        "LLM-07",
        **on_text(lambda text: text.encode("utf-16", "ignore").decode("utf-16")[:1] + text[1:].replace("😀", "")),
    ),
    Wrong("strips pieces", "LLM-08", **on_text(str.strip)),
    Wrong("collapses white space", "LLM-08", **both(edit(_words_of))),
    Wrong("counts every prompt alike", "LLM-09", "B089", attributes={"get_num_tokens": _count_list}),
    Wrong("remembers messages", "LLM-10", body=_remembering),
    Wrong("always says stop", "LLM-11", "B004", **finish_of(lambda word: "stop")),
    Wrong(
        "takes unknown words for stop",
        "LLM-11",
        **finish_of(lambda word: word if word in ("length", "content_filter") else "stop"),
    ),
    Wrong("crashes without a finish", "LLM-11", "B006", **finish_of(lambda word: word[:20])),  # type: ignore[index]
    Wrong("answers nothing with nothing", "LLM-12", "B024", attributes={"parse_response": _hollow}),
    Wrong("prints None", "LLM-13", "B026", **both(_printed)),
    Wrong("shows thinking", "RSN-01", **both(edit(_into_text))),
    Wrong("knows no tags", "RSN-02", **both(_no_splitter)),
    Wrong("knows whole tags alone", "RSN-02", event=_whole_tags),
    Wrong("knows one round alone", "RSN-03", "B192", payload=_first_round),
    Wrong("shows an unclosed tag", "RSN-04", "B192", **both(_no_splitter)),
    Wrong("loses thinking beside text", "RSN-05", "B191", event=edit(_drop_thought)),
    Wrong("knows one name alone", "RSN-06", "B196", **both(edit(_alias))),
    Wrong("shows blank thinking", "RSN-07", "B197", chunks=_blank, result=_blank_result),
    Wrong("sends no thinking back", "RSN-08", "B190", body=edit_sent(_never_back)),
    Wrong("sends old thinking back", "RSN-09", "B189", body=_always_back),
    Wrong("crashes on calls without shown thinking", "RSN-10", "B195", **both(_crash_on_redacted)),
    Wrong("takes tags out of the user's text", "RSN-11", body=edit_sent(_strip_tags)),
    Wrong("tells no thinking apart in streams", "RSN-12", event=edit(_into_text)),
    Wrong("turns thinking on by itself", "RSN-13", body=edit_body(_think_on)),
)
