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
