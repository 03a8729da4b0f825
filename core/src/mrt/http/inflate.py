"""Content encodings: gzip and deflate, within a size limit."""

from __future__ import annotations

import zlib

from mrt.errors import InvokeBadResponseError
from mrt.http.messages import Headers

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS

ACCEPTED = "gzip, deflate"


class Inflater:
    """Undoes one content encoding, piece by piece.

    Args:
        limit: Bytes that one piece may grow to; a small body can hide an enormous one.
    """

    __slots__ = ("_fed", "_held", "_inflate", "_limit")

    def __init__(self, limit: int) -> None:
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._limit = limit
        self._fed = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what a piece of the body holds.

        Raises:
            InvokeBadResponseError: The piece is no gzip or deflate, or holds too much.
        """
        if not self._fed:
            # The two bytes that tell the encoding may come one by one.
            data, self._held = self._held + data, b""
            if len(data) < 2:
                self._held = data
                return b""
        pieces: list[bytes] = []
        left = self._limit + 1
        try:
            while data and left > 0:
                piece = self._step(data, left)
                pieces.append(piece)
                left -= len(piece)
                data = b""
                if self._inflate.eof:
                    # One body may hold several gzip members.
                    data = self._inflate.unused_data
                    if data:
                        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        except zlib.error as error:
            raise InvokeBadResponseError(f"the compressed answer is broken ({error})") from error
        if left <= 0:
            raise InvokeBadResponseError(f"the compressed answer holds more than {self._limit} bytes")
        return b"".join(pieces)

    def _step(self, data: bytes, limit: int) -> bytes:
        first, self._fed = not self._fed, True
        try:
            return self._inflate.decompress(data, limit)
        except zlib.error:
            if not first:
                raise
            # Some servers call it deflate and leave out zlib's header.
            self._inflate = zlib.decompressobj(_RAW_DEFLATE)
            return self._inflate.decompress(data, limit)

    def finish(self) -> None:
        """Check that nothing is missing.

        Raises:
            InvokeBadResponseError: The end is missing.
        """
        if self._held or (self._fed and not self._inflate.eof):
            raise InvokeBadResponseError("the compressed answer is cut off")


def inflater_for(headers: Headers, limit: int) -> Inflater | None:
    """Return what undoes the body's content encoding; None where there is none.

    Raises:
        InvokeBadResponseError: It is one that was not asked for.
    """
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return Inflater(limit)
    raise InvokeBadResponseError(f"the answer has the content encoding {coding[:40]!r}, which was not asked for")
