"""SEC: secrets in logs, output, files and child processes."""

from __future__ import annotations

import contextlib
import http.client
import io
import logging
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.given import key_field
from mrt_testing_kit.leaks import calls, judge
from mrt_testing_kit.transcript import transcript

_PRIVATE = "my neighbour hides her spare key under the third flower pot"


class _Keeper(logging.Handler):
    """Keeps every record as text, with its arguments and its exception."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[tuple[str, str]] = []
        self.loud: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = {name: value for name, value in vars(record).items() if name not in ("exc_info", "thread", "process")}
        try:
            text = logging.Formatter("%(name)s %(message)s").format(record)
        except (TypeError, ValueError):
            text = ""
        self.texts.append((record.name, f"{text} {fields!r}"))
        if record.levelno >= logging.INFO:
            self.loud.append((record.name, text))


@contextlib.contextmanager
def _logging() -> Generator[_Keeper]:
    """Let every logger say everything."""
    keeper = _Keeper()
    root = logging.getLogger()
    loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    kept = [(logger, logger.level, logger.propagate, logger.disabled) for logger in [root, *loggers]]
    disabled = logging.root.manager.disable
    logging.disable(logging.NOTSET)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate, logger.disabled = True, False
    root.setLevel(logging.DEBUG)
    others = root.handlers
    root.handlers = list[logging.Handler]([keeper])
    try:
        yield keeper
    finally:
        root.handlers = others
        for logger, level, propagate, off in kept:
            logger.setLevel(level)
            logger.propagate, logger.disabled = propagate, off
        logging.disable(disabled)


@check(
    "SEC-02",
    "logs at DEBUG, HTTP libraries included",
    faults=["F41", "F60"],
    fix="Never log credentials, headers or whole requests; mask what a library logs with a filter of your own.",
)
def sec_02(ctx: Context) -> None:
    """DEBUG is switched on when something does not work, and the log is then sent to somebody."""
    key_field(ctx)
    with _logging() as kept:
        for got in calls(ctx):
            del got
        ctx.validate()
        with ctx.fault("F60", times=None, path="*"):
            ctx.validate()
        if ctx.kind == "llm":
            ctx.chat(f"Repeat: {_PRIVATE}").ok()
    for name, text in kept.loud:
        shown = _PRIVATE in text
        ctx.expect(not shown, f"a log record of {name} holds the prompt", expected="prompts at DEBUG alone", came=text)
    for name, text in kept.texts:
        judge(ctx, f"a log record of {name}", text)


@contextlib.contextmanager
def _written(folder: str) -> Generator[dict[str, str]]:
    """Take what is written to stdout and stderr, also by libraries in C; temporary files go to a folder."""
    taken: dict[str, str] = {}
    out, err = io.StringIO(), io.StringIO()
    kept = tempfile.tempdir, dict(os.environ), http.client.HTTPConnection.debuglevel
    os.environ.update({"TMPDIR": folder, "TEMP": folder, "TMP": folder, "XDG_CACHE_HOME": folder})
    tempfile.tempdir = folder
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile(dir=os.path.dirname(folder)) as low:
        copies = os.dup(1), os.dup(2)
        os.dup2(low.fileno(), 1)
        os.dup2(low.fileno(), 2)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                yield taken
        finally:
            for number, copy in enumerate(copies, start=1):
                os.dup2(copy, number)
                os.close(copy)
            tempfile.tempdir, environment, http.client.HTTPConnection.debuglevel = kept
            os.environ.clear()
            os.environ.update(environment)
            low.seek(0)
            taken.update(stdout=out.getvalue(), stderr=err.getvalue(), descriptors=low.read().decode("latin-1"))


@check(
    "SEC-08",
    "stdout, stderr, temporary files",
    faults=["F41", "F60"],
    fix="Print nothing, and write no request into a file.",
)
def sec_08(ctx: Context) -> None:
    """What a provider prints stands in the output of programs that know nothing of it."""
    key_field(ctx)
    with tempfile.TemporaryDirectory(prefix="mrt-kit-") as above:
        folder = os.path.join(above, "tmp")
        os.mkdir(folder)
        before = _files(Path.cwd())
        with _written(folder) as taken:
            for got in calls(ctx):
                del got
            ctx.validate()
        for name, text in taken.items():
            judge(ctx, f"what was written to {name}", text)
        for path in [path for path in Path(folder).rglob("*") if path.is_file()]:
            judge(ctx, f"the temporary file {path.name}", path.read_bytes().decode("latin-1"))
        for path in _files(Path.cwd()) - before:
            judge(ctx, f"the new file {path.name} in the working folder", path.read_bytes().decode("latin-1"))


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.iterdir() if path.is_file()}


_EVENTS = frozenset({"subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.spawn", "os.putenv"})
_heard: list[str] | None = None
_hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _heard is not None and event in _EVENTS:
        _heard.append(f"{event} {arguments!r}")


@contextlib.contextmanager
def _children() -> Generator[list[str]]:
    """Take down every child process that is started, and every change of the environment."""
    global _heard, _hooked
    if not _hooked:
        # A hook stays for good; it does nothing while nobody listens.
        sys.addaudithook(_hook)
        _hooked = True
    _heard = []
    try:
        yield _heard
    finally:
        _heard = None


@check(
    "SEC-09",
    "environment and arguments of children",
    bugs=["langchain-ai/langchain-litellm#161"],
    fix="Give a child process what is secret through a pipe; arguments and environment are for all to see.",
)
def sec_09(ctx: Context) -> None:
    """Every user of a machine can read the arguments of its processes, and every child inherits the environment."""
    key_field(ctx)
    with _children() as heard:
        for got in calls(ctx):
            del got
        ctx.validate()
        judge(ctx, "the environment after the calls", repr(dict(os.environ)))
        judge(ctx, "the arguments of this process", repr(sys.argv))
        found = list(heard)
    for text in found:
        judge(ctx, "what was handed to a child process or to the environment", text)


@check(
    "SEC-07",
    "cassettes",
    faults=["F60"],
    fix="Send the key in a header of its own, as it is; a key that is hidden in the body stays in every recording.",
)
def sec_07(ctx: Context) -> None:
    """Recorded requests are committed together with the tests; a key that cannot be scrubbed from them goes along."""
    key_field(ctx)
    ctx.validate().ok()
    ctx.call().ok()
    with ctx.fault("F60"):
        ctx.call()
    for request in ctx.requests:
        text = request.body.decode("latin-1")
        judge(ctx, f"the body of {request.method} {request.raw_path}", text)
    judge(ctx, "the recording of the requests", transcript(ctx.requests, ctx.session.scrub))
