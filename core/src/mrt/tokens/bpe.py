"""Byte pair encoding: joins the bytes of a word, two neighbours at a time, in the order that a vocabulary learned."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Self

__all__ = ["BytePairEncoding"]

# Up to here looking at every pair again costs less than keeping the pairs in order.
_SHORT = 64

_NEVER = 1 << 32


class BytePairEncoding:
    """The tokens of a vocabulary and the merges that make them.

    Args:
        tokens: the bytes of each token id. The first 256 are the single bytes, each later one was learned after
            all before it.
        merges: the token that two neighbours make, by ``left << 16 | right``.
    """

    def __init__(self, tokens: list[bytes], merges: Mapping[int, int]) -> None:
        self.tokens = tokens
        self.merges = merges
        byte_ids = bytearray(256)
        for token in range(256):
            byte_ids[tokens[token][0]] = token
        self._byte_ids = bytes(byte_ids)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a file of merges as GPT-2 publishes it (``vocab.bpe``).

        After a line with the version, each line has two tokens that merge into one, first learned first. A byte that
        prints is written as the Latin-1 character of that number and comes first in the order of ids; the others are
        written, in their order, as the characters from U+0100.
        """
        printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
        others = [byte for byte in range(256) if byte not in printable]
        spelling = [*map(chr, printable), *(chr(0x100 + position) for position in range(len(others)))]
        ids = {character: token for token, character in enumerate(spelling)}
        tokens = [bytes((byte,)) for byte in (*printable, *others)]
        merges: dict[int, int] = {}
        for line in text.split("\n")[1:-1]:
            left, _, right = line.partition(" ")
            left_id, right_id = ids[left], ids[right]
            ids[left + right] = merges[left_id << 16 | right_id] = len(tokens)
            tokens.append(tokens[left_id] + tokens[right_id])
        return cls(tokens, merges)

    def encode(self, word: bytes) -> list[int]:
        """Turns the bytes of one word into token ids, in time that grows with the length of the word."""
        ids = list(word.translate(self._byte_ids))
        if len(ids) <= _SHORT:
            self._merge_short(ids)
            return ids
        return self._merge_long(ids)

    def _merge_short(self, ids: list[int]) -> None:
        """Merges in place: the first of the pairs that were learned earliest, until no pair is left to merge."""
        merge = self.merges.get
        merged = [merge(left << 16 | right, _NEVER) for left, right in pairwise(ids)]
        while merged and (token := min(merged)) != _NEVER:
            at = merged.index(token)
            ids[at] = token
            del ids[at + 1], merged[at]
            if at:
                merged[at - 1] = merge(ids[at - 1] << 16 | token, _NEVER)
            if at < len(merged):
                merged[at] = merge(token << 16 | ids[at + 1], _NEVER)

    def _merge_long(self, ids: list[int]) -> list[int]:
        """Does the same with each pair looked at a bounded number of times, whatever the length.

        A merge makes a token that only later merges use. So all places of one merge can be done together, and a queue
        of merges, not of places, is enough. Their order matters only where a token meets itself, and those places were
        found from left to right: all copies of a token are made in one such pass. The tokens form a ring of links,
        closed by a sentinel that merges with nothing; a token that was joined to its left neighbour leaves -1, which
        does not merge either.
        """
        merge = self.merges.get
        size = len(ids)
        following = [*range(1, size + 1), 0]
        previous = [*range(-1, size)]
        places: dict[int, list[int]] = {}
        for at, (left, right) in enumerate(pairwise(ids)):
            if (token := merge(left << 16 | right)) is not None:
                places.setdefault(token, []).append(at)
        ids.append(-1)
        queue = list(places)
        heapify(queue)
        while queue:
            token = heappop(queue)
            for at in places.pop(token):
                joined = following[at]
                if merge(ids[at] << 16 | ids[joined]) != token:
                    continue  # An earlier merge took one of the two.
                ids[at], ids[joined] = token, -1
                after = following[at] = following[joined]
                previous[after] = at
                before = previous[at]
                for place, pair in ((before, ids[before] << 16 | token), (at, token << 16 | ids[after])):
                    if (found := merge(pair)) is None:
                        continue
                    if found not in places:
                        places[found] = []
                        heappush(queue, found)
                    places[found].append(place)
        return [token for token in ids if token >= 0]
