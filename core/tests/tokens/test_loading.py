"""When the vocabulary is read, how often, and that it is the published one."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

NOTICE = Path(__file__).resolve().parents[2] / "NOTICE"
DATA = files("mrt.tokens").joinpath("data", "gpt2_merges.txt.gz").read_bytes()

# Lists what the interpreter opens and connects to; an audit hook cannot be removed, so each test has its own process.
WATCH = """
import sys
opened, connected = [], []

def watch(event, args):
    if event == "open" and "gpt2_merges" in str(args[0]):
        opened.append(args[0])
    elif event.startswith("socket."):
        connected.append(args)

sys.addaudithook(watch)
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", WATCH + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_reads_nothing_and_the_first_use_reads_once() -> None:
    code = """
import mrt.tokens
print(len(opened))
mrt.tokens.count_gpt2("Hello world")
mrt.tokens.count_gpt2("again")
print(len(opened))
"""
    assert run(code).split() == ["0", "1"]


def test_32_threads_at_first_use_read_once() -> None:
    code = """
import threading
sys.setswitchinterval(1e-6)
from mrt.tokens import count_gpt2
barrier, counts = threading.Barrier(32), []

def count(number):
    barrier.wait()
    counts.append(count_gpt2("Hello world" * number) == 2 * number)

threads = [threading.Thread(target=count, args=(number,)) for number in range(1, 33)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(opened), len(counts), all(counts))
"""
    assert run(code).split() == ["1", "32", "True"]


def test_counting_needs_no_network_and_no_other_tokenizer() -> None:
    code = """
from mrt.tokens import count_gpt2
print(count_gpt2("Hello world"), len(connected), sorted({"tiktoken", "regex", "transformers"} & sys.modules.keys()))
"""
    assert run(code).strip() == "2 0 []"


@pytest.mark.parametrize("content", [DATA, gzip.decompress(DATA)], ids=["compressed", "vocab.bpe"])
def test_the_notice_has_hash_and_size_of_the_data(content: bytes) -> None:
    notice = NOTICE.read_text("utf-8").split()
    at = notice.index(hashlib.sha256(content).hexdigest())
    assert f"({len(content)} bytes): {notice[at]}" == " ".join(notice[at - 2 : at + 1])


def test_the_vocabulary_is_the_one_that_was_published_with_gpt2() -> None:
    published = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
    assert hashlib.sha256(gzip.decompress(DATA)).hexdigest() == published
