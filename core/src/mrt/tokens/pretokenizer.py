r"""GPT-2's split of a text into words, for the standard library's ``re``.

GPT-2 splits with this pattern of the third-party module ``regex``:

    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+

``re`` has no ``\p``, takes numbers such as U+00B2 for letters, and takes U+001C to U+001F for white space. So the
classes are written out here.
"""

from __future__ import annotations

import re
import unicodedata
from operator import itemgetter

__all__ = ["compile_word_pattern"]

# Unicode's property White_Space, which is what ``\s`` means in the original.
_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

# Letters and numbers of Unicode 15.0 to 16.0, which Python's own tables have from 3.14 on: with them a text has the
# same count on every Python, and the same as in tiktoken 0.14.
_NEW_LETTERS = """
    1c89-1c8a a7cb-a7cd a7da-a7dc 105c0-105f3 10d4a-10d65 10d6f-10d85 10ec2-10ec4 1123f-11240 11380-11389 1138b-1138b
    1138e-1138e 11390-113b5 113b7-113b7 113d1-113d1 113d3-113d3 11bc0-11be0 11f02-11f02 11f04-11f10 11f12-11f33
    1342f-1342f 13441-13446 13460-143fa 16100-1611d 16d40-16d6c 18cff-18cff 1b132-1b132 1b155-1b155 1df25-1df2a
    1e030-1e06d 1e4d0-1e4eb 1e5d0-1e5ed 1e5f0-1e5f0 2b739-2b739 2ebf0-2ee5d 31350-323af
"""
_NEW_NUMBERS = """
    10d40-10d49 116d0-116e3 11bf0-11bf9 11f50-11f59 16130-16139 16d70-16d79 1ccf0-1ccf9 1d2c0-1d2d3 1e4f0-1e4f9
    1e5f1-1e5fa
"""

# The planes that have letters or numbers are the first four.
_SEARCHED = 0x40000


def compile_word_pattern() -> re.Pattern[str]:
    """Compiles the pattern whose matches, one after the other, are GPT-2's words; together they are the whole text."""
    categories = "".join(map(itemgetter(0), map(unicodedata.category, map(chr, range(_SEARCHED)))))
    letters, wide_letters = _members(categories, "L", _NEW_LETTERS)
    numbers, wide_numbers = _members(categories, "N", _NEW_NUMBERS)
    # ``re`` finds a character up to U+FFFF in a bitmap, but tries all ranges above it one by one. So each class is in
    # two halves, the second of them closed to the characters of the first: four times as quick.
    wide = r"(?![\0-\uffff])"
    words = (
        rf"(?:[{letters}]++|{wide}[{wide_letters}]++)++",
        rf"(?:[{numbers}]++|{wide}[{wide_numbers}]++)++",
        rf"(?:[^{_SPACE}{letters}{numbers}\U00010000-\U0010ffff]++|[^\0-\uffff{wide_letters}{wide_numbers}]++)++",
    )
    return re.compile(rf"'(?:[stmd]|re|ve|ll)| ?(?:{'|'.join(words)})|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]+")


def _members(categories: str, category: str, new: str) -> tuple[str, str]:
    """Writes a general category as the inside of two character classes: up to U+FFFF, and above."""
    ranges = [(match.start(), match.end() - 1) for match in re.finditer(f"{category}+", categories)]
    for item in new.split():
        first, _, last = item.partition("-")
        ranges.append((int(first, 16), int(last, 16)))
    narrow, wide = (
        "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges if (first > 0xFFFF) is above)
        for above in (False, True)
    )
    return narrow, wide
