"""Which fault is played on which request."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from mrt_testing_kit.server.faults.base import Fault
from mrt_testing_kit.server.request import RecordedRequest


class UnconsumedFault(AssertionError):
    """A scripted fault was never met."""


class Entry:
    """A scripted fault. As a context manager it leaves the script at the end and must have been met by then.

    Attributes:
        fault: the fault with its options.
        times: on how many requests it is played; None for all.
        path: a path, or a pattern such as ``*/embeddings``; None for all.
        skip: how many fitting requests go by first.
        hits: the requests it was played on.
        refusal: why the dialect could not play it; empty when it could.
        cleanup: run when it leaves the script.
    """

    def __init__(
        self,
        script: Script,
        fault: Fault,
        times: int | None,
        path: str | None,
        skip: int,
        when: Callable[[RecordedRequest], bool] | None,
    ) -> None:
        self.fault = fault
        self.times = times
        self.path = path
        self.skip = skip
        self.when = when
        self.hits: list[RecordedRequest] = []
        self.met = 0
        self.refusal = ""
        self.cleanup: list[Callable[[], object]] = []
        self._script = script
        self._url: str | None = None

    @property
    def consumed(self) -> bool:
        """Whether it was played as often as asked for; with ``times=None``, at least once."""
        return self.met >= (1 if self.times is None else self.times)

    @property
    def spent(self) -> bool:
        """Whether it will not be played again."""
        return self.times is not None and self.met >= self.times

    @property
    def url(self) -> str:
        """An address that shows the fault; asking for it counts as meeting it."""
        if self._url is None:
            raise ValueError(f"{self.fault.id} needs no address of its own: use the server's")
        self.met = max(self.met, self.times or 1)
        return self._url

    def offer(self, url: str) -> None:
        """Set the address that shows the fault."""
        self._url = url

    def fits(self, request: RecordedRequest) -> bool:
        """Say whether the request is one of those that the script means."""
        if self.path is not None and not fnmatch.fnmatchcase(request.path, self.path):
            return False
        return self.when is None or self.when(request)

    def remove(self) -> None:
        """Take it off the script."""
        self._script.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()
        if kind is None and not self.consumed:
            raise UnconsumedFault(self.refusal or f"{self}: met {self.met} times")

    def __repr__(self) -> str:
        wanted = "always" if self.times is None else f"{self.times} times"
        where = f" on {self.path}" if self.path else ""
        return f"{self.fault.id} ({self.fault.title}), {wanted}{where}"


class Script:
    """The scripted faults in order. Of one fault id, a request meets the first entry that fits; ids combine."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self,
        fault: Fault,
        *,
        times: int | None = 1,
        path: str | None = None,
        skip: int = 0,
        when: Callable[[RecordedRequest], bool] | None = None,
    ) -> Entry:
        """Put a fault at the end of the script."""
        entry = Entry(self, fault, times, path, skip, when)
        self._entries.append(entry)
        return entry

    def remove(self, entry: Entry) -> None:
        """Take an entry off, if it is on."""
        if entry in self._entries:
            self._entries.remove(entry)
            for action in entry.cleanup:
                action()

    def clear(self) -> None:
        """Take everything off."""
        for entry in self:
            self.remove(entry)

    def take(self, request: RecordedRequest, fits: Callable[[Fault], bool]) -> list[Fault]:
        """Return the faults to play on a request, and count them as met.

        Args:
            request: the request.
            fits: whether a fault makes sense on it.
        """
        taken: dict[str, Fault] = {}
        for entry in self:
            fault = entry.fault
            if fault.stage != "request" or fault.id in taken or entry.spent:
                continue
            if not fits(fault) or not entry.fits(request):
                continue
            if entry.skip:
                entry.skip -= 1
                continue
            entry.met += 1
            entry.hits.append(request)
            taken[fault.id] = fault
        return list(taken.values())

    def refuse(self, fault: Fault, reason: str) -> None:
        """Take back that a request has met a fault: the dialect could not play it."""
        for entry in self:
            if entry.fault is fault and entry.hits:
                entry.met -= 1
                entry.hits.pop()
                entry.refusal = reason

    def take_stage(self, stage: str) -> Fault | None:
        """Return the fault to play on a connection at this stage, and count it as met."""
        for entry in self:
            if entry.fault.stage != stage or entry.spent:
                continue
            if entry.skip:
                entry.skip -= 1
                return None
            entry.met += 1
            return entry.fault
        return None

    def unconsumed(self) -> list[Entry]:
        """Return the entries that were not met as often as asked for."""
        return [entry for entry in self if not entry.consumed]


def parse_options(words: list[str]) -> dict[str, Any]:
    """Read ``key=value`` words: numbers, true, false and null as such, everything else as text.

    Raises:
        ValueError: a word without an equals sign.
    """
    options: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"not an option: {word!r}; write key=value")
        options[key] = _literal(value)
    return options


def _literal(text: str) -> Any:
    plain: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in plain:
        return plain[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
