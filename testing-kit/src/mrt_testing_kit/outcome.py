"""What became of one call, in the same form for every model type and way of calling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from mrt import LLMResult, LLMResultChunk, RerankDocument, ToolCall
from mrt_testing_kit.failure import CheckFailure, shorten, show, show_error
from mrt_testing_kit.server import RecordedRequest
from mrt_testing_kit.transcript import headline

if TYPE_CHECKING:
    from mrt import LLMUsage
    from mrt_testing_kit.catalogue import Way

E = TypeVar("E", bound=BaseException)


@dataclass
class Outcome:
    """What became of one call.

    Args:
        kind: The model type, or ``validate``.
        way: How it was called.
        asked: What was asked, for messages.
        result: What came back; of a stream the whole answer (language models), or None.
        chunks: The pieces of a stream, as far as it came.
        error: What was raised.
        place: Where in the plugin's code, if it is a bug.
        elapsed: Seconds.
        requests: The requests that reached the server meanwhile, without those that only asked for the model's schema.
    """

    kind: str
    way: Way
    asked: str
    result: Any = None
    chunks: list[Any] = field(default_factory=list[Any])
    error: Exception | None = None
    place: str = ""
    elapsed: float = 0.0
    requests: list[RecordedRequest] = field(default_factory=list[RecordedRequest])

    # Judging.

    def ok(self) -> Self:
        """Return this outcome.

        Raises:
            CheckFailure: The call raised.
        """
        if self.error is not None:
            raise CheckFailure(
                self._why_failed(), expected="an answer", came=self.told(), sent=self.asked, wire=self.wire
            ) from self.error
        return self

    def _why_failed(self) -> str:
        if not self.requests:
            return "the call failed before anything was sent"
        last = self.requests[-1]
        if last.status is not None and last.status >= 400:
            return f"the vendor refused what was sent, with HTTP {last.status}"
        if last.faults:
            return f"the call failed on an answer that a client has to bear ({', '.join(last.faults)})"
        return "the call failed although the vendor answered as it should"

    def fails(self, *kinds: type[E]) -> E:
        """Return the error.

        Args:
            kinds: Types of which the error has to be one.

        Raises:
            CheckFailure: Nothing was raised, or something else.
        """
        wanted = " or ".join(kind.__name__ for kind in kinds)
        if self.error is None:
            raise CheckFailure(
                f"the call should have raised {wanted}, and returned as if nothing had happened",
                expected=wanted,
                came=self.told(),
                sent=self.asked,
                wire=self.wire,
            )
        if not isinstance(self.error, kinds):
            raise CheckFailure(
                f"the call raised {type(self.error).__name__} in place of {wanted}",
                expected=wanted,
                came=self.told(),
                sent=self.asked,
                wire=self.wire,
            ) from self.error
        return self.error

    @property
    def wire(self) -> str:
        """The last request of the call, in one line; what was sent before it, where that was the same again."""
        if not self.requests:
            return "(no request)"
        last = self.requests[-1]
        again = sum(
            (request.method, request.target, request.body) == (last.method, last.target, last.body)
            for request in self.requests
        )
        hint = f" (sent {again} times for one call: see ERR-14)" if again > 1 and last.method == "POST" else ""
        return headline(last) + hint

    def told(self) -> str:
        """Return what came, in one line."""
        if self.error is not None:
            partial = self.partial
            place = f" [{self.place}]" if self.place else ""
            told = f", partial text {show(partial.text)}" if partial is not None else ""
            return f"{show_error(self.error)}{place}{told}"
        if self.kind == "llm":
            parts = [f"text {show(self.text)}", f"finish reason {self.finish!r}"]
            parts += [f"reasoning {show(self.reasoning)}"] if self.reasoning else []
            parts += [f"tool calls {show(self.calls)}"] if self.calls else []
            return ", ".join(parts)
        if self.kind == "tts":
            return f"{len(self.audio)} bytes of sound: {show(self.audio[:24])}"
        return show(self.result)

    # Reading.

    @property
    def partial(self) -> LLMResult | None:
        """The part of a language model's answer that came before the error."""
        partial = getattr(self.error, "partial", None)
        return partial if isinstance(partial, LLMResult) else None

    @property
    def answer(self) -> LLMResult | None:
        """A language model's answer, or the part of it that came before an error."""
        return self.result if isinstance(self.result, LLMResult) else self.partial

    @property
    def text(self) -> str:
        """The text of a language model or of a transcription; of a stream the joined chunks."""
        if isinstance(self.result, str):
            return self.result
        if self.way in ("stream", "astream"):
            return "".join(chunk.text for chunk in self._llm_chunks)
        return self.answer.text if self.answer is not None else ""

    @property
    def texts(self) -> list[str]:
        """The text of each chunk that has one."""
        return [chunk.text for chunk in self._llm_chunks if chunk.text]

    @property
    def reasoning(self) -> str:
        """A language model's thinking; of a stream the joined chunks."""
        if self.way in ("stream", "astream"):
            return "".join(chunk.delta.message.reasoning_content or "" for chunk in self._llm_chunks)
        return (self.answer.reasoning_content or "") if self.answer is not None else ""

    @property
    def calls(self) -> list[ToolCall]:
        """The tool calls, whole ones; of a stream as the runtime put them together."""
        return list(self.answer.message.tool_calls) if self.answer is not None else []

    @property
    def finish(self) -> str | None:
        """The finish reason; of a stream the one on the last chunk."""
        if self.way in ("stream", "astream"):
            chunks = self._llm_chunks
            return chunks[-1].delta.finish_reason if chunks else None
        return self.answer.finish_reason if self.answer is not None else None

    @property
    def usage(self) -> LLMUsage | None:
        """A language model's usage; of a stream the one on the last chunk."""
        if self.way in ("stream", "astream"):
            chunks = self._llm_chunks
            return chunks[-1].delta.usage if chunks else None
        return self.answer.usage if self.answer is not None else None

    @property
    def vectors(self) -> list[list[float]]:
        """The vectors of an embedding."""
        return self.result.embeddings if self.result is not None else []

    @property
    def docs(self) -> list[RerankDocument]:
        """The documents of a rerank."""
        return self.result.docs if self.result is not None else []

    @property
    def audio(self) -> bytes:
        """The sound that was spoken; of a stream the joined pieces."""
        if isinstance(self.result, bytes):
            return self.result
        return b"".join(piece for piece in self.chunks if isinstance(piece, bytes))

    @property
    def request(self) -> RecordedRequest:
        """The last request of the call.

        Raises:
            CheckFailure: No request was made.
        """
        if not self.requests:
            raise CheckFailure(
                "the call made no request", expected="a request", came=self.told(), sent=self.asked, wire=""
            )
        return self.requests[-1]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the last request.

        Raises:
            CheckFailure: There is none, or it is no JSON object.
        """
        request = self.request
        try:
            body = request.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise CheckFailure(
                "the request's body is no JSON object",
                expected="a JSON object",
                came=shorten(repr(request.body)),
                sent=self.asked,
                wire=self.wire,
            )
        return body  # pyright: ignore[reportUnknownVariableType]

    @property
    def _llm_chunks(self) -> Sequence[LLMResultChunk]:
        return [chunk for chunk in self.chunks if isinstance(chunk, LLMResultChunk)]
