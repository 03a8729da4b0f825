"""GPT-2's tokenizer, exact and offline.

The result equals that of the encoder published with GPT-2 and that of tiktoken's ``gpt2`` encoding. The vocabulary is
read at first use, once per process, whichever thread comes first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from mrt.tokens.bpe import BytePairEncoding
from mrt.tokens.pretokenizer import compile_word_pattern

__all__ = ["count", "decode", "encode"]

_END_OF_TEXT = b"<|endoftext|>"

# Bounded in entries and in the size of each: 4 MB for ordinary words, 25 MB at worst (each character four tokens).
_CACHED_WORDS = 16_384
_CACHED_WORD_LENGTH = 32


class _Tokenizer:
    def __init__(self, encoding: BytePairEncoding) -> None:
        self.tokens = [*encoding.tokens, _END_OF_TEXT]
        self._words = compile_word_pattern()
        self._merge = encoding.encode
        self._merge_cached = lru_cache(_CACHED_WORDS)(self._merge_word)

    def _merge_word(self, word: str) -> tuple[int, ...]:
        return tuple(self._merge(word.encode()))

    def split(self, text: str) -> Iterator[Sequence[int]]:
        """Yields the token ids of each word of a text."""
        for match in self._words.finditer(_replace_surrogates(text)):
            word = match[0]
            yield self._merge_cached(word) if len(word) <= _CACHED_WORD_LENGTH else self._merge(word.encode())


_loading = threading.Lock()
_loaded: _Tokenizer | None = None


def _tokenizer() -> _Tokenizer:
    global _loaded
    if _loaded is None:
        with _loading:
            if _loaded is None:
                # These cost several milliseconds to import, and only the first use needs them.
                import gzip
                from importlib.resources import files

                data = files("mrt.tokens").joinpath("data", "gpt2_merges.txt.gz").read_bytes()
                _loaded = _Tokenizer(BytePairEncoding.parse(gzip.decompress(data).decode()))
    return _loaded


def _replace_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def encode(text: str) -> list[int]:
    """Turns a text into GPT-2's token ids.

    ``<|endoftext|>`` in the text is text like any other, never the special token: a text cannot inject control tokens.
    A pair of surrogates counts as the character that it stands for and a lone one as U+FFFD, as in tiktoken.

    Args:
        text: any string; the empty one has no tokens.

    Returns:
        Ids from 0 to 50255.
    """
    return [token for word in _tokenizer().split(text) for token in word]


def count(text: str) -> int:
    """Counts the tokens of a text: the same as ``len(encode(text))``, without keeping them.

    Args:
        text: any string; see `encode` for special tokens and surrogates.

    Returns:
        The number of tokens, 0 for the empty string.
    """
    return sum(map(len, _tokenizer().split(text)))


def decode(ids: Iterable[int]) -> str:
    """Turns GPT-2's token ids back into the text.

    Args:
        ids: ids from 0 to 50256; 50256 is ``<|endoftext|>``.

    Returns:
        The text. Tokens are bytes, so ids that were cut in the middle of a character give U+FFFD there.

    Raises:
        ValueError: an id is outside the vocabulary.
    """
    tokens = _tokenizer().tokens
    pieces: list[bytes] = []
    for token in ids:
        if not 0 <= token < len(tokens):
            raise ValueError(f"{token} is not a GPT-2 token id: they run from 0 to {len(tokens) - 1}")
        pieces.append(tokens[token])
    return b"".join(pieces).decode(errors="replace")
