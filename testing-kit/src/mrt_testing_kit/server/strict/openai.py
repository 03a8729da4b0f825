"""S3 and S6 for chat requests in OpenAI's shape."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import read
from mrt_testing_kit.server.loose import is_array, is_object, objects
from mrt_testing_kit.server.strict import content
from mrt_testing_kit.server.strict.rules import Violation, words

_ROLES = {"system", "developer", "user", "assistant", "tool"}
_KEYS = words(
    "role content name tool_calls tool_call_id refusal audio function_call reasoning_content reasoning "
    "reasoning_details prefix"
)


def grammar(call: Call) -> list[Violation]:
    """Return what is wrong with messages and inputs (S3), unknown keys in messages (S1) and tool flags (S6)."""
    if call.kind != "chat":
        return content.inputs(call)
    raw = call.body.get("messages")
    messages = [message for message in raw if is_object(message)] if is_array(raw) else []
    sentences = [*_roles(messages), *_tool_order(messages)]
    for at, message in enumerate(messages):
        sentences += [f"messages[{at}]: {sentence}" for sentence in _message(message)]
    sentences += _tools(call.body.get("tools"))
    sentences += _reasoning(call, messages)
    found = [Violation("S3", sentence, "messages") for sentence in sentences]
    for at, message in enumerate(messages):
        found += [
            Violation("S1", f"messages[{at}] has an unknown key {key}", "messages")
            for key in message
            if key not in _KEYS
        ]
    return [*found, *flags(call.body)]


def _roles(messages: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for at, (first, second) in enumerate(pairwise(messages)):
        if first.get("role") == second.get("role") == "assistant":
            found.append(f"messages[{at + 1}]: two assistant messages in a row")
    return found


def _message(message: dict[str, Any]) -> list[str]:
    role, value, found = message.get("role"), message.get("content"), list[str]()
    if role not in _ROLES:
        return [f"no such role: {role!r}"]
    calls = message.get("tool_calls")
    if "content" not in message:
        found.append("the key content is missing")
    elif role == "assistant" and calls:
        if value == "":
            found.append("content beside tool calls must be null or text, not empty")
    elif role != "tool" and (value is None or not _said(value)):
        found.append("content must not be empty")
    if is_array(value):
        found += [f"content[{n}] has an empty text" for n, part in enumerate(value) if _empty_text(part)]
    if calls is not None and not calls:
        found.append("tool_calls must not be an empty list")
    if role == "tool" and not isinstance(value, str | list):
        found.append("the content of a tool message must be text")
    for call in read.turn(message).calls:
        found += content.name(call.name or "")
        found += _arguments(call.arguments)
    for number, image in enumerate(read.content(value)[1]):
        found += content.image(image, f"image {number}")
    return found


def _said(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def _empty_text(part: Any) -> bool:
    return is_object(part) and part.get("type") == "text" and not part.get("text")


def _arguments(value: Any) -> list[str]:
    if not isinstance(value, str):
        return ["the arguments of a call must be JSON text"]
    try:
        return [] if is_object(json.loads(value)) else ["the arguments of a call must be a JSON object"]
    except ValueError:
        return ["the arguments of a call are not JSON"]


def _tool_order(messages: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    open_: list[str] = []
    seen: set[str] = set()
    for at, message in enumerate(messages):
        if message.get("role") == "tool":
            name = str(message.get("tool_call_id", ""))
            if name not in open_:
                found.append(f"messages[{at}]: the tool result {name!r} answers no call before it")
            else:
                open_.remove(name)
            continue
        if open_:
            found.append(f"messages[{at}]: the calls {', '.join(open_)} have no results yet")
            open_ = []
        names = [str(call.get("id", "")) for call in objects(message.get("tool_calls"))]
        for name in names:
            if not name or name in seen:
                found.append(f"messages[{at}]: the call id {name!r} is empty or not unique")
            seen.add(name)
        open_ = names
    if open_:
        found.append(f"the calls {', '.join(open_)} have no results")
    return found


def _tools(value: Any) -> list[str]:
    found: list[str] = []
    for at, tool in enumerate(value if is_array(value) else []):
        function = tool.get("function") if is_object(tool) else None
        if not is_object(function) or tool.get("type") != "function":
            found.append(f"tools[{at}] must have the type function and a function")
            continue
        found += [f"tools[{at}]: {sentence}" for sentence in content.name(str(function.get("name", "")))]
        if "description" in function and not function["description"]:
            found.append(f"tools[{at}]: an empty description must be left out")
        schema = function.get("parameters")
        if schema is not None and (not is_object(schema) or schema.get("type") != "object"):
            found.append(f"tools[{at}]: parameters must be a schema of the type object")
    return found


def _reasoning(call: Call, messages: list[dict[str, Any]]) -> list[str]:
    """Mind ``settings={"reasoning_history": "required" | "forbidden"}``: some vendors want it, others refuse."""
    policy = call.server.settings.get("reasoning_history")
    found: list[str] = []
    last_user = max((n for n, m in enumerate(messages) if m.get("role") == "user"), default=-1)
    for at, message in enumerate(messages):
        if message.get("role") != "assistant":
            continue
        shown = any(message.get(key) for key in ("reasoning_content", "reasoning", "reasoning_details"))
        if policy == "required" and at > last_user and message.get("tool_calls") and not shown:
            found.append(f"messages[{at}]: the reasoning before the call must be sent back")
        tagged = "<think>" in str(message.get("content") or "")
        if policy == "forbidden" and (shown or tagged):
            found.append(f"messages[{at}]: reasoning must not be sent back")
    return found


def flags(body: dict[str, Any]) -> list[Violation]:
    """Return what is wrong with the fields about tools (S6)."""
    tools, found = body.get("tools"), list[Violation]()
    if tools is not None and not tools:
        found.append(Violation("S6", "tools must not be an empty list", "tools"))
    if not tools:
        names = [name for name in ("tool_choice", "parallel_tool_calls") if name in body]
        found += [Violation("S6", f"{name} is only allowed when tools are given", name) for name in names]
    choice = body.get("tool_choice")
    if is_object(choice):
        function = choice.get("function")
        if choice.get("type") != "function" or not is_object(function):
            found.append(Violation("S6", "tool_choice must have the type function and a function", "tool_choice"))
        elif tools and function.get("name") not in [tool.name for tool in read.tools(tools)]:
            found.append(
                Violation("S6", f"tool_choice names {function.get('name')!r}, which is no tool", "tool_choice")
            )
    elif choice not in (None, "auto", "none", "required"):
        found.append(Violation("S6", f"tool_choice {choice!r} is none of auto, none, required", "tool_choice"))
    return found
