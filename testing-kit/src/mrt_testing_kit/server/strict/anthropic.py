"""S3 and S6 for requests in the shape of the Messages API."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.anthropic import read
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle import signature
from mrt_testing_kit.server.strict import content
from mrt_testing_kit.server.strict.rules import Violation

_LONGEST_NAME = 128
_BLOCKS = {
    "user": {"text", "image", "document", "tool_result", "search_result"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking", "server_tool_use", "web_search_tool_result"},
    "system": {"text"},
}


def grammar(call: Call) -> list[Violation]:
    """Return what is wrong with messages (S3) and tool flags (S6)."""
    raw = call.body.get("messages")
    messages = [message for message in raw if is_object(message)] if is_array(raw) else []
    turns = _turns(messages)
    sentences = [*_tool_order(turns), *_system(call.body.get("system"))]
    for at, message in enumerate(messages):
        last = at == len(messages) - 1
        sentences += [f"messages.{at}: {sentence}" for sentence in _message(message, last)]
    sentences += _thinking(call.body, turns)
    sentences += _tools(call.body.get("tools"))
    return [*(Violation("S3", sentence, "messages") for sentence in sentences), *flags(call.body)]


def blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the blocks of a message; text alone counts as one."""
    value = message.get("content")
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    return [block for block in value if is_object(block)] if is_array(value) else []


def _turns(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the turns of a conversation: the vendor reads messages of one role that follow each other as one."""
    found: list[dict[str, Any]] = []
    for message in messages:
        role = message.get("role")
        if role == "system":
            continue
        if found and found[-1]["role"] == role:
            found[-1]["content"] = [*found[-1]["content"], *blocks(message)]
        else:
            found.append({"role": role, "content": blocks(message)})
    return found


def _system(value: Any) -> list[str]:
    if value is None:
        return []
    texts = [value] if isinstance(value, str) else [b.get("text") for b in value if is_object(b)]
    return ["system: text content blocks must be non-empty"] if not texts or not all(texts) else []


def _message(message: dict[str, Any], last: bool) -> list[str]:
    role, found = str(message.get("role")), list[str]()
    parts = blocks(message)
    if not parts and not (last and role == "assistant"):
        found.append("all messages must have non-empty content except for the optional final assistant message")
    for at, block in enumerate(parts):
        kind = block.get("type")
        if kind not in _BLOCKS.get(role, set()):
            found.append(f"content.{at}: a {role} message has no blocks of type {kind!r}")
        elif kind == "text" and not str(block.get("text", "")).strip():
            found.append(f"content.{at}: text content blocks must be non-empty")
        elif kind in ("image", "document"):
            image = read.source(block.get("source"))
            if image.media_type != "text/plain":
                found += content.image(image, f"content.{at}")
        elif kind == "tool_use":
            found += content.name(str(block.get("name", "")), _LONGEST_NAME)
            if not is_object(block.get("input")):
                found.append(f"content.{at}.tool_use.input: Input should be a valid dictionary")
    if last and role == "assistant" and parts and str(parts[-1].get("text", "x")).endswith((" ", "\n")):
        found.append("final assistant content cannot end with trailing whitespace")
    return found


def _tool_order(messages: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    open_: list[str] = []
    for at, message in enumerate(messages):
        parts = blocks(message)
        results = [str(block.get("tool_use_id")) for block in parts if block.get("type") == "tool_result"]
        if open_:
            missing = [name for name in open_ if name not in results]
            if missing:
                found.append(
                    f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                    f"{', '.join(missing)}"
                )
            kinds = [block.get("type") for block in parts]
            if results and "tool_result" in kinds[len(results) :]:
                found.append(f"messages.{at}: tool_result blocks must come first in the message")
        stray = [name for name in results if name not in open_]
        found += [f"messages.{at}: the `tool_use_id` {name} was not found in the message before" for name in stray]
        if len(set(results)) != len(results):
            found.append(f"messages.{at}: each tool_use must have a single result")
        open_ = [str(block.get("id")) for block in parts if block.get("type") == "tool_use"]
        if len(set(open_)) != len(open_):
            found.append(f"messages.{at}: `tool_use` ids must be unique")
    if open_:
        found.append(f"the calls {', '.join(open_)} have no results")
    return found


def _thinking(body: dict[str, Any], messages: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    last_user = -1
    for at, message in enumerate(messages):
        parts = blocks(message)
        if message.get("role") == "user":
            if any(block.get("type") != "tool_result" for block in parts):
                last_user = at
            continue
        for number, block in enumerate(parts):
            if block.get("type") != "thinking":
                continue
            thought, signed = str(block.get("thinking", "")), block.get("signature")
            if signed != signature(thought):
                found.append(f"messages.{at}.content.{number}: Invalid `signature` in `thinking` block")
    if not read.thinks(body):
        return found
    for at, message in enumerate(messages):
        kinds = [block.get("type") for block in blocks(message)]
        # Only the loop that is still open must have its thinking; older turns may have lost theirs.
        if at > last_user and "tool_use" in kinds and kinds[0] not in ("thinking", "redacted_thinking"):
            found.append(
                f"messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{kinds[0]}`. "
                "When `thinking` is enabled, a final `assistant` message must start with a thinking block"
            )
    return found


def _tools(value: Any) -> list[str]:
    found: list[str] = []
    for at, tool in enumerate(value if is_array(value) else []):
        if not is_object(tool):
            found.append(f"tools.{at}: Input should be a valid dictionary")
            continue
        found += [f"tools.{at}: {sentence}" for sentence in content.name(str(tool.get("name", "")), _LONGEST_NAME)]
        schema = tool.get("input_schema")
        if "type" not in tool and (not is_object(schema) or schema.get("type") != "object"):
            found.append(f"tools.{at}.custom.input_schema.type: Field required")
        if tool.get("description") == "":
            found.append(f"tools.{at}: an empty description must be left out")
    return found


def flags(body: dict[str, Any]) -> list[Violation]:
    """Return what is wrong with the fields about tools (S6)."""
    tools, choice, found = body.get("tools"), body.get("tool_choice"), list[Violation]()
    if tools is not None and not tools:
        found.append(Violation("S6", "tools must not be an empty list", "tools"))
    if choice is None:
        return found
    if not tools:
        found.append(Violation("S6", "tool_choice may only be specified while providing tools", "tool_choice"))
    if not is_object(choice) or choice.get("type") not in ("auto", "any", "tool", "none"):
        found.append(
            Violation("S6", "tool_choice must be an object with the type auto, any, tool or none", "tool_choice")
        )
    elif choice["type"] == "tool" and tools and choice.get("name") not in [tool.get("name") for tool in tools]:
        found.append(Violation("S6", f"tool_choice names {choice.get('name')!r}, which is no tool", "tool_choice"))
    return found
