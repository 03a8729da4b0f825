"""Vectors and scores: each text has its own, and every number is exact in single precision."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from collections.abc import Sequence

# 2**-20: with an absolute value below one such a number fits the 24 bits of a float32, so JSON, base64 and NumPy agree.
_STEP = 1 << 20
_WORD = re.compile(r"\w+")


def _numbers(seed: str, count: int) -> list[float]:
    out: list[float] = []
    block = 0
    while len(out) < count:
        digest = hashlib.sha256(f"{block}:{seed}".encode("utf-8", "surrogatepass")).digest()
        out.extend((value - 32767.5) / 32767.5 for value in struct.unpack("<16H", digest))
        block += 1
    return out[:count]


def embedding(text: str | Sequence[int], dimensions: int = 8) -> list[float]:
    """Return the vector of a text.

    Args:
        text: any text, or token ids.
        dimensions: the vector's length.

    Returns:
        ``dimensions`` floats of length 1 (to about 1e-6), each exact in float32, each text its own vector.
    """
    seed = text if isinstance(text, str) else "tokens " + ",".join(map(str, text))
    raw = _numbers(seed, dimensions)
    length = math.sqrt(math.fsum(value * value for value in raw)) or 1.0
    return [round(value / length * _STEP) / _STEP for value in raw]


def _single(value: float) -> float:
    (number,) = struct.unpack("<f", struct.pack("<f", value))
    return float(number)


# Each exact in single precision, too; two of them are written without a point.
_ODD: tuple[float, ...] = (
    *(1, -1, 0.0, _single(1e-30), _single(-1 / 3), _single(1.2345678), _single(3e38)),
    *(-(2.0**-149), _single(0.00012345678), _single(-9.99999e-8), 16777216.0, _single(0.1)),
)


def odd_numbers(place: int, dimensions: int) -> list[float]:
    """Return a vector of numbers that are right, and easily lost: tiny, huge, whole, with many digits.

    Args:
        place: the place of the vector; each has its own.
        dimensions: its length.
    """
    return [_ODD[(3 * place + number) % len(_ODD)] for number in range(dimensions)]


def odd_scores(count: int) -> list[float]:
    """Return scores that are right, and easily lost, the highest first."""
    scores = [_single(3e30), 2.0, 1, _single(0.99999994), _single(1 / 3), _single(1.5e-7), _single(1e-30), 0, -1]
    return [*scores, *(-1.5 - number for number in range(count))][:count]


def base64_of(vector: Sequence[float]) -> str:
    """Return a vector as servers send it in base64: little-endian float32."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")


def score(query: str, document: str) -> float:
    """Return how well a document fits a query.

    Args:
        query: the query.
        document: the document's text.

    Returns:
        A number between 0 and 1, exact in float32; documents that share words with the query score higher, and two
        different documents differ.
    """
    wanted = {word.lower() for word in _WORD.findall(query)}
    found = {word.lower() for word in _WORD.findall(document)}
    overlap = len(wanted & found) / len(wanted) if wanted else 0.0
    own = (_numbers(f"{query}\x00{document}", 1)[0] + 1) / 2
    return round((0.05 + 0.7 * overlap + 0.2 * own) * _STEP) / _STEP
