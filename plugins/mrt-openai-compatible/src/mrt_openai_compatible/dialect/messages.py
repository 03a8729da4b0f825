"""Messages in OpenAI's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mrt.entities.message import (
    AssistantPromptMessage,
    Content,
    DeveloperPromptMessage,
    PromptMessage,
    SystemPromptMessage,
    TextPromptMessageContent,
    ToolCall,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.errors import InvokeBadRequestError
from mrt_openai_compatible.dialect.parts import wire_part
from mrt_openai_compatible.dialect.think import ThinkSplitter
from mrt_openai_compatible.dialect.tools import wire_name


@dataclass(frozen=True, slots=True)
class MessageStyle:
    """How a server wants its messages.

    Args:
        developer_role: Role under which developer messages go out.
        reasoning_field: Field in which earlier thinking goes back.
        echo_reasoning: When it does: ``never``; ``tool-loop``, only for calls made since the user last spoke, as
            DeepSeek, Kimi and MiniMax want it; or ``always``.
        text_only: Send user messages made of text parts as one text, for servers that know no parts.
        think_tags: Tags around thinking in assistant texts, which is taken out of what goes back; None leaves it in.
    """

    developer_role: str = "developer"
    reasoning_field: str = "reasoning_content"
    echo_reasoning: Literal["never", "tool-loop", "always"] = "tool-loop"
    text_only: bool = False
    think_tags: tuple[str, str] | None = ("<think>", "</think>")


DEFAULT_STYLE = MessageStyle()


def wire_messages(messages: Sequence[PromptMessage], style: MessageStyle = DEFAULT_STYLE) -> list[dict[str, Any]]:
    """Return the messages of a chat request, in their order.

    Messages that say nothing are left out, and two answers in a row become one: servers refuse both.

    Raises:
        InvokeBadRequestError: A message cannot be said in this dialect.
    """
    turns = [place for place, message in enumerate(messages) if isinstance(message, UserPromptMessage)]
    spoken = turns[-1] if turns else -1
    wired: list[dict[str, Any]] = []
    for place, message in enumerate(messages):
        if isinstance(message, AssistantPromptMessage):
            answer = _assistant(message, style, in_loop=place > spoken)
            if wired and wired[-1]["role"] == "assistant" and "tool_calls" not in wired[-1]:
                answer = _joined(wired.pop(), answer)
            if answer["content"] or "tool_calls" in answer:
                wired.append(answer)
        elif isinstance(message, ToolPromptMessage):
            wired.append(_tool(message))
        elif isinstance(message, UserPromptMessage):
            if content := _parts(message.content, text_only=style.text_only):
                wired.append(_named({"role": "user", "content": content}, message))
        elif isinstance(message, (SystemPromptMessage, DeveloperPromptMessage)):
            role = "system" if isinstance(message, SystemPromptMessage) else style.developer_role
            if text := plain_text(message.content, role):
                wired.append(_named({"role": role, "content": text}, message))
        else:
            raise InvokeBadRequestError(f"messages of this dialect cannot be a {type(message).__name__}")
    return wired


def plain_text(content: Content, role: str) -> str:
    """Return the text of a message that takes nothing but text; several parts stand on lines of their own.

    Raises:
        InvokeBadRequestError: It holds something else.
    """
    if content is None or isinstance(content, str):
        return content or ""
    texts: list[str] = []
    for part in content:
        if not isinstance(part, TextPromptMessageContent):
            kind = part.type.value
            raise InvokeBadRequestError(f"a {role} message takes text only: put the {kind} into a user message")
        texts.append(part.data)
    return "\n".join(texts)


def _parts(content: Content, *, text_only: bool) -> str | list[dict[str, Any]]:
    if content is None or isinstance(content, str):
        return content or ""
    # A text part without text is refused, and says nothing.
    parts = [part for part in content if not isinstance(part, TextPromptMessageContent) or part.data]
    if text_only or (len(parts) == 1 and isinstance(parts[0], TextPromptMessageContent)):
        return plain_text(parts, "user")
    return [wire_part(part) for part in parts]


def _assistant(message: AssistantPromptMessage, style: MessageStyle, *, in_loop: bool) -> dict[str, Any]:
    if message.content is None or isinstance(message.content, str):
        text = message.content or ""
    else:
        # Pieces of one answer, so nothing goes between them.
        text = "".join(plain_text([part], "assistant") for part in message.content)
    thinking = message.reasoning_content
    if style.think_tags is not None and text.lstrip().startswith(style.think_tags[0]):
        splitter = ThinkSplitter(style.think_tags)
        (text, inner), (rest, last) = splitter.feed(text), splitter.end()
        text, thinking = text + rest, thinking or inner + last
    # The key has to be there: null beside calls is what OpenAI itself sends, and absence is refused.
    wired: dict[str, Any] = {"role": "assistant", "content": text or (None if message.tool_calls else "")}
    if thinking and (
        style.echo_reasoning == "always"
        or (style.echo_reasoning == "tool-loop" and in_loop and bool(message.tool_calls))
    ):
        wired[style.reasoning_field] = thinking
    if message.tool_calls:
        wired["tool_calls"] = [_call(call) for call in message.tool_calls]
    return _named(wired, message)


def _joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    text = "\n".join(filter(None, (first["content"], second["content"])))
    return {**first, **second, "content": text or second["content"]}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": wire_name(call.function.name), "arguments": call.function.arguments or "{}"}
    return {"id": call.id, "type": call.type, "function": function}


def _tool(message: ToolPromptMessage) -> dict[str, Any]:
    if not message.tool_call_id:
        raise InvokeBadRequestError("a tool message names no call: set tool_call_id to the id of the call it answers")
    text = plain_text(message.content, "tool")
    return {"role": "tool", "tool_call_id": message.tool_call_id, "content": text}


def _named(wired: dict[str, Any], message: PromptMessage) -> dict[str, Any]:
    if message.name:
        wired["name"] = message.name
    return wired
