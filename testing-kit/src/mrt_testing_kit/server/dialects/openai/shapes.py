"""Writes chat and text completions in OpenAI's shape."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import ABSENT, Answer, Piece, Redacted, Text, Thinking, ToolCall, Usage
from mrt_testing_kit.server.wire import Event


def usage(counts: Usage | None, *, details: bool = True) -> dict[str, Any] | None:
    """Write token counts; None for none."""
    if counts is None:
        return None
    out: dict[str, Any] = {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.total,
    }
    if details:
        out["prompt_tokens_details"] = {"cached_tokens": counts.cached or 0, "audio_tokens": counts.heard or 0}
        out["completion_tokens_details"] = {
            "reasoning_tokens": counts.reasoning or 0,
            "audio_tokens": counts.audio or 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        }
    return out


def call(part: ToolCall) -> dict[str, Any]:
    """Write one tool call of a whole message."""
    return {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}


def message(answer: Answer, *, reasoning_field: str | None = "reasoning_content") -> dict[str, Any]:
    """Write the message of a whole answer; content is null when there is only a call."""
    refused = answer.finish == "content_filter" and bool(answer.text)
    out: dict[str, Any] = {"role": "assistant", "content": answer.text or (None if answer.calls else "")}
    out["refusal"] = answer.text if refused else None
    if refused:
        out["content"] = None
    thought = "".join(piece for part in answer.parts if isinstance(part, Thinking) for piece in part.pieces)
    if thought and reasoning_field:
        out[reasoning_field] = thought
    if answer.calls:
        out["tool_calls"] = [call(part) for part in answer.calls]
    cited = [note for part in answer.parts if isinstance(part, Text) for note in part.citations]
    link = {"start_index": 0, "end_index": 1, "url": "https://example.com/"}
    out["annotations"] = [{"type": "url_citation", "url_citation": {**link, "title": note}} for note in cited]
    return out


def visible(answer: Answer) -> bool:
    """Say whether the answer has any part that OpenAI's shape can show."""
    return any(not isinstance(part, Redacted) for part in answer.parts)


def delta(piece: Piece, *, reasoning_field: str = "reasoning_content", refused: bool = False) -> dict[str, Any] | None:
    """Write the ``delta`` of a piece; None for one that this shape does not show.

    Args:
        piece: the piece.
        reasoning_field: where reasoning goes.
        refused: the text is a refusal, which has a field of its own.
    """
    if piece.kind == "start":
        return {"role": "assistant", "content": "", "refusal": None}
    if piece.kind == "text":
        return {"refusal" if refused else "content": piece.text}
    if piece.kind == "thinking":
        return {reasoning_field: piece.text}
    if piece.kind in ("call", "arguments"):
        return {"tool_calls": [call_delta(piece)]}
    if piece.kind == "finish":
        return {}
    return None


def call_delta(piece: Piece) -> dict[str, Any]:
    """Write a piece of a tool call; what the piece leaves out is left out."""
    out: dict[str, Any] = {}
    if piece.index is not ABSENT:
        out["index"] = piece.index
    if piece.id is not ABSENT:
        out["id"] = piece.id
    if piece.kind == "call":
        out["type"] = "function"
    function: dict[str, Any] = {}
    if piece.name is not ABSENT:
        function["name"] = piece.name
    if piece.arguments is not ABSENT:
        function["arguments"] = piece.arguments
    if function:
        out["function"] = function
    return out


def logprobs(answer: Answer, top: int, *, ids: bool = False) -> dict[str, Any]:
    """Write a probability for each token.

    Args:
        answer: the answer.
        top: how many alternatives to name.
        ids: give each token its number, too.
    """
    spoken = [piece for part in answer.parts if isinstance(part, Text) for piece in part.pieces]

    def one(token: str, number: int) -> dict[str, Any]:
        data = list(token.encode("utf-8", "surrogatepass"))
        odds = -0.0078125 * (number + 1)
        if ids:
            return {"id": 1 + len(token), "token": token, "bytes": data, "logprob": odds}
        return {"token": token, "logprob": odds, "bytes": data}

    return {
        "content": [
            {**one(token, 0), "top_logprobs": [one(token if n == 0 else f"{token}{n}", n) for n in range(top)]}
            for token in spoken
        ]
    }


def done() -> Event:
    """The event that ends a stream."""
    return Event(raw="[DONE]", kind="end")
