"""What is wrong with a dialect, said so that nobody looks for it in the provider."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.strict.rules import words

if TYPE_CHECKING:
    from mrt_testing_kit.server.call import Call
    from mrt_testing_kit.server.faults.base import Fault
    from mrt_testing_kit.server.wire import Event, Reply

_KIT = __name__.partition(".")[0]

TEXT = ("chat", "completion", "generate")
EVENT_KINDS = words(
    "start text citation thinking signature redacted call arguments open stop finish usage end ping error odd comment "
    "meta"
)
_ROWS = {
    "embedding": "call.vectors()",
    "rerank": "call.ranks()",
    "moderation": "call.verdicts()",
    "models": "call.listing()",
}
_HINTS = {
    "answer": "call.answer()",
    "transcript": "call.transcript()",
    "pieces": "call.pieces()",
    "events": "call.stream_reply()",
    "payload": "call.json_reply()",
}


class DialectError(Exception):
    """A dialect does not do its part, or the vendor's answers have no place for a fault.

    Args:
        reason: what is wrong, as the end of a sentence.
        mend: what the author of the dialect can do; empty where the vendor's answers simply have no such thing, so that
            the fault cannot happen there.

    Attributes:
        subject: who cannot do what, as the beginning of that sentence.
        fault: the fault that has no place; None when there is none in play.
    """

    fault: Fault | None = None

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend
        self.subject = ""

    @property
    def is_mistake(self) -> bool:
        """Whether the dialect has to be mended."""
        return bool(self.mend)

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason}" if self.subject else self.reason


def is_of_the_kit(dialect: object) -> bool:
    """Say whether a dialect ships with the kit."""
    return type(dialect).__module__.partition(".")[0] == _KIT


def broke_off(error: Exception, name: str) -> DialectError:
    """Return what to say when a dialect's own code raised."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _may_be_of_the_dialect(frame.filename)]
    place = f" ({frames[-1].filename}:{frames[-1].lineno}, in {frames[-1].name})" if frames else ""
    found = DialectError(
        f"{type(error).__name__}: {error}{place}",
        "If the request is wrong, refuse it in check(); else mend the dialect: after faults any field of an answer may "
        "be null or hold something else.",
    )
    found.subject = f"the dialect {name} broke off"
    return found


def _may_be_of_the_dialect(filename: str) -> bool:
    path, library = Path(filename), Path(traceback.__file__).parent
    return _KIT not in path.parts and (library not in path.parents or "site-packages" in path.parts)


def check_kinds(call: Call, events: Sequence[Event]) -> None:
    """See that faults can find their places in a stream.

    Raises:
        DialectError: An event has a kind that nobody knows; or none, where a fault looks for it.
    """
    for event in events:
        if event.kind not in EVENT_KINDS and (event.kind or call.faults):
            said = f"of the kind {event.kind!r}, which does not exist" if event.kind else "without a kind"
            mend = f"Give each Event its kind: {', '.join(sorted(EVENT_KINDS))}."
            raise DialectError(f"its stream has an event {said}", mend)


def check_places(call: Call, reply: Reply, handler: str) -> None:
    """See that every fault in play has found its place in an answer.

    Raises:
        DialectError: One has not, or the answer is a document where a stream was asked for, or the reverse.
    """
    is_stream = reply.events is not None
    if call.kind in TEXT and is_stream != call.stream and reply.blocks is None and not is_of_the_kit(call.dialect):
        asked, came = ("a stream", "a document") if call.stream else ("a document", "a stream")
        mend = "Answer streams with call.stream_reply(); override wants_stream() to say which requests ask for one."
        raise DialectError(f"{asked} was asked for, and {handler} answers with {came}", mend)
    for fault in call.faults:
        error = _unseen(call, reply, fault, handler)
        if error is not None:
            raise call.blamed(error, fault)


def _unseen(call: Call, reply: Reply, fault: Fault, handler: str) -> DialectError | None:
    """Return why a fault is not seen in an answer; None when it is."""
    if fault.sse and reply.events is not None and not reply.framing.sse:
        return DialectError("its streams are no server-sent events")
    places = fault.places(call)
    if places and not places & call.reached:
        if "payload" in places and reply.events is None and not reply.has_payload:
            return DialectError("this answer is no JSON document")
        hints = [_ROWS.get(call.kind, place) if place == "told" else _HINTS[place] for place in sorted(places)]
        return DialectError(f"{handler} does not call {' or '.join(hints)}", "Let the handler call it.")
    fields = fault.fields()
    if fields and call.rows is not None and not call.rows.was_read(*fields):
        if fields == ("text",):
            return DialectError("they do not tell the text of a document")
        mend = f"Write row.{fields[0]} into the answer"
        mend += ", or say indexed=False where the vendor gives none." if fields == ("index",) else "."
        return DialectError(f"{handler} does not read row.{fields[0]}", mend)
    return None


def text_holders(document: Any, call: Call) -> list[dict[str, Any]]:
    """Return every object of a whole answer that holds some of its text, where the dialect says under which key.

    Raises:
        DialectError: There is none.
    """
    key, name = call.dialect.text_key, call.dialect.name
    if not key:
        raise DialectError("they are in no shape that the kit knows", "Name the key of their text in text_key.")
    found = holders(document, (key,))
    if not found and call.request.answer is not None and call.request.answer.text:
        mend = "Put in text_key the key under which the text of a whole answer stands."
        raise DialectError(f"text_key {key!r} is not in the answer of the dialect {name}", mend)
    return found


def holders(document: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return every object of a document, at any depth, that has one of these keys."""
    found: list[dict[str, Any]] = []
    if is_object(document):
        found += [document] if any(name in document for name in names) else []
        document = list(document.values())
    if is_array(document):
        for item in document:
            found += holders(item, names)
    return found


def holds(document: Any, value: Any) -> bool:
    """Say whether a value stands anywhere in a document."""
    if is_object(document):
        document = list(document.values())
    if is_array(document):
        return any(holds(item, value) for item in document)
    return type(document) is type(value) and bool(document == value)


def change_lists(
    document: Any, names: Sequence[str], count: int | None, change: Callable[[list[Any]], Any]
) -> tuple[Any, bool]:
    """Change the list of a document that holds its rows.

    Args:
        document: the document.
        names: keys under which such lists stand at the top of documents whose shape is known.
        count: how many rows there are; else the outermost lists of that length are meant.
        change: gives what is to stand there instead.

    Returns:
        The document, and whether it has such a list.
    """
    if is_object(document) and any(is_array(document.get(name)) for name in names):
        known = {name: change(document[name]) for name in names if is_array(document.get(name))}
        return {**document, **known}, True
    if not count:
        return document, False
    if is_array(document) and len(document) == count:
        return change(document), True
    if is_object(document):
        changed = {name: change_lists(item, (), count, change) for name, item in document.items()}
        return {name: item for name, (item, _) in changed.items()}, any(found for _, found in changed.values())
    return document, False
