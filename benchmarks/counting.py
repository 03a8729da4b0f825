"""What counting tokens costs, beside tiktoken with the same vocabulary."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from benchmarks.local import ROOT, median, python

# tiktoken fetches its vocabularies, so that its encoding is made here from the one that MRT ships.
_TIKTOKEN = """
import gzip, pathlib, tiktoken
lines = gzip.decompress(pathlib.Path({merges!r}).read_bytes()).decode().splitlines()
single = [*range(33, 127), *range(161, 173), *range(174, 256)]
rest = [number for number in range(256) if number not in single]
letters = {{chr(number): number for number in single}}
letters |= {{chr(256 + place): number for place, number in enumerate(rest)}}
ranks = {{bytes([number]): place for place, number in enumerate([*single, *rest])}}
for line in lines[1:]:
    ranks[bytes(letters[letter] for letter in line.replace(" ", ""))] = len(ranks)
words = r"'(?:[sdmt]|ll|ve|re)| ?\\p{{L}}+| ?\\p{{N}}+| ?[^\\s\\p{{L}}\\p{{N}}]+|\\s+(?!\\S)|\\s+"
encoding = tiktoken.Encoding("gpt2", pat_str=words, mergeable_ranks=ranks, special_tokens={{}})
count = lambda text: len(encoding.encode(text, disallowed_special=()))
"""
_MRT = "from mrt.tokens import count_gpt2 as count"
_SETUP = "import pathlib; text = pathlib.Path({text!r}).read_text('utf-8'); count('x')"


def texts() -> dict[str, str]:
    """Return what is counted: prose, prose of words that no two are alike, one letter, another script."""
    prose = "\n".join(path.read_text("utf-8") for path in sorted(ROOT.glob("docs/**/*.md")))
    draw = random.Random(7)
    new = " ".join("".join(draw.choices("etaoinshrdlu", k=draw.randint(3, 11))) for _ in range(140_000))
    return {
        "prose": (prose * (1_000_000 // len(prose) + 1))[:1_000_000],
        "new words": new[:1_000_000],
        "one letter": "a" * 1_000_000,
        "Chinese": "模型运行时让程序调用任何供应商的模型。" * 20_000,
    }


def tokens(times: int, tiktoken_python: str | None) -> dict[str, float]:
    """Return the CPU milliseconds of counting about a million characters, with the vocabulary read already.

    Args:
        times: How often each is run; the median counts.
        tiktoken_python: An interpreter that has tiktoken, if there is one.

    Raises:
        AssertionError: The two counts differ.
    """
    merges = str(files("mrt.tokens").joinpath("data", "gpt2_merges.txt.gz"))
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts().items():
            file = Path(folder) / "text"
            file.write_text(text, "utf-8")
            counts: list[str] = []
            for who, interpreter, setup in (
                ("mrt", sys.executable, _MRT),
                ("tiktoken", tiktoken_python, _TIKTOKEN.format(merges=merges)),
            ):
                if interpreter is None:
                    continue
                setup = f"{setup}\n{_SETUP.format(text=str(file))}"
                found[f"tokens of {name}, {who}"] = median(
                    lambda given=setup, own=interpreter: python("count(text)", given, own)[0],  # type: ignore[misc]
                    times,
                )
                asked = [interpreter, "-c", f"{setup}\nprint(count(text))"]
                counts.append(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
            assert len(set(counts)) == 1, f"counts of {name} differ: {counts}"
    return found
