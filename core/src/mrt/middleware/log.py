"""One line in the log for each call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.secret import MASK
from mrt.entities.usage import EmbeddingUsage, LLMUsage
from mrt.errors import InvokeError
from mrt.middleware.watcher import Observation, Watcher

_MOST_TEXT = 500


class Log(Watcher):
    """Writes a line per call: model, duration, tokens, and for a failed one the class of its error.

    Neither prompts nor answers nor the vendor's error texts are written unless `content` asks for them, and secrets
    never are. The same facts are on the record as ``record.mrt``, a dict.

    Args:
        logger: Where to write; ``logging.getLogger("mrt.calls")`` when left out.
        level: Level of calls that end well; failed ones are warnings.
        content: Whether to write the beginning of prompt and answer, and the error's text.
        clock: Gives seconds.
    """

    def __init__(
        self,
        logger: logging.Logger | None = None,
        *,
        level: int = logging.INFO,
        content: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(keep_text=content, clock=clock)
        self._logger = logger or logging.getLogger("mrt.calls")
        self._level = level
        self._content = content

    def finished(self, seen: Observation) -> None:
        level = self._level if seen.error is None or _is_leaving(seen.error) else logging.WARNING
        if not self._logger.isEnabledFor(level):
            return
        facts = _facts(seen)
        if self._content:
            facts.update(_content(seen))
        said = ", ".join(text for text in map(_phrase, facts.items()) if text)
        invocation = seen.invocation
        self._logger.log(
            level, "%s/%s %s: %s", invocation.provider, invocation.model, _outcome(seen), said, extra={"mrt": facts}
        )


def _outcome(seen: Observation) -> str:
    if seen.left:
        return "left early"
    if seen.error is None:
        return "ok"
    return "cancelled" if _is_leaving(seen.error) else "failed"


def _is_leaving(error: BaseException) -> bool:
    return isinstance(error, (asyncio.CancelledError, KeyboardInterrupt))


def _facts(seen: Observation) -> dict[str, Any]:
    invocation, error = seen.invocation, seen.error
    facts: dict[str, Any] = {
        "provider": invocation.provider,
        "model": invocation.model,
        "model_type": invocation.model_type.value,
        "outcome": _outcome(seen),
        "duration": seen.duration,
    }
    if invocation.stream:
        facts |= {"chunks": seen.chunks, "time_to_first_chunk": seen.time_to_first_chunk}
    if isinstance(seen.usage, LLMUsage) and seen.usage.source != "unknown":
        facts |= {"prompt_tokens": seen.usage.prompt_tokens, "completion_tokens": seen.usage.completion_tokens}
    elif isinstance(seen.usage, EmbeddingUsage) and seen.usage.source != "unknown":
        facts |= {"prompt_tokens": seen.usage.tokens}
    if seen.attempts:
        facts["failed_attempts"] = len(seen.attempts)
    if error is not None:
        facts["error"] = type(error).__name__
        if isinstance(error, InvokeError):
            facts |= {"status": error.status, "code": error.code, "retry_after": error.retry_after}
    facts |= {"finish_reason": seen.finish_reason, "request_id": seen.request_id or getattr(error, "request_id", None)}
    return {name: value for name, value in facts.items() if value is not None}


def _content(seen: Observation) -> dict[str, str]:
    told = {"prompt": _prompt(seen.invocation), "answer": seen.text}
    if isinstance(seen.error, InvokeError):
        told["description"] = seen.error.description
    for secret in seen.invocation.credentials.secrets():
        told = {name: text.replace(secret, MASK) for name, text in told.items()}
    return {name: text[:_MOST_TEXT] for name, text in told.items() if text}


def _prompt(invocation: Invocation[Any]) -> str:
    request = invocation.request
    if isinstance(request, LLMRequest):
        return "\n".join(f"{message.role.value}: {message.get_text_content()}" for message in request.prompt_messages)
    for name in ("query", "content_text", "text"):
        if isinstance(text := getattr(request, name, None), str):
            return text
    return "\n".join(getattr(request, "texts", ()))


_SPOKEN = {
    "duration": "{:.3f} s",
    "chunks": "{} chunks",
    "time_to_first_chunk": "first after {:.3f} s",
    "prompt_tokens": "{} tokens in",
    "completion_tokens": "{} tokens out",
    "failed_attempts": "{} attempts before",
    "error": "{}",
    "status": "HTTP {}",
    "code": "code {}",
    "retry_after": "retry after {:g} s",
    "finish_reason": "{}",
    "request_id": "request {}",
    "prompt": "prompt {!r}",
    "answer": "answer {!r}",
    "description": "{!r}",
}


def _phrase(fact: tuple[str, Any]) -> str:
    return _SPOKEN.get(fact[0], "").format(fact[1])
