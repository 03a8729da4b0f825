"""A key is shown nowhere on its way: no output, no log, no error, no traceback, nothing that an object prints."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from xin_replay import WEATHER

from mrt import Runtime
from mrt.errors import MRTError
from mrt_testing_kit.server import OracleServer

# With characters that look different where texts are quoted or escaped.
KEY = "sk-test-canary/0123+456=789\"'abc"
FORMS = (
    KEY,
    quote(KEY, safe=""),
    json.dumps(KEY)[1:-1],
    repr(KEY)[1:-1],
    base64.b64encode(f"Bearer {KEY}".encode()).decode().rstrip("="),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
    "0123+456",
)
UIDS = {"llm": "tiny-chat", "text_embedding": "tiny-embed", "rerank": "tiny-rerank", "tts": "tiny-tts"}
CALLS: dict[str, tuple[Any, ...]] = {
    "llm": ("Hi",),
    "text_embedding": (["a"],),
    "rerank": ("q", ["a"]),
    "tts": ("Hi",),
}
TROUBLES: list[tuple[str, dict[str, Any]]] = [
    ("F60", {}),
    ("F60", {"status": 500, "body": "text"}),
    ("F60", {"status": 403, "body": "html"}),
    ("F41", {"status": 500}),
    ("F16", {"after": 0}),
    ("F22", {}),
    ("F43", {}),
]


@pytest.fixture
def server() -> Iterator[OracleServer]:
    with OracleServer(dialect="xinference", api_key=KEY) as running:
        yield running


class Witness:
    """Gathers all that a run shows."""

    def __init__(self, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        self.capsys = capsys
        self.caplog = caplog
        self.seen: list[str] = []

    def run(self, action: Callable[[], Any]) -> BaseException | None:
        try:
            value = action()
        except MRTError as error:
            self.look(error)
            return error
        self.seen += [repr(value), str(value)]
        return None

    def look(self, error: BaseException) -> None:
        self.seen += [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
        for frame in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
            # What a caller hands to a method stands in the caller's own frame, too.
            handed = {"credentials"} if frame.name == "models" else set[str]()
            if "/tests/" not in frame.filename:
                self.seen += [text for name, text in (frame.locals or {}).items() if name not in handed]
        self.seen.append(pickle.dumps(error).decode("latin-1"))
        if error.__cause__ is not None:
            self.look(error.__cause__)

    def judge(self) -> None:
        captured = self.capsys.readouterr()
        log = "\n".join(f"{record.getMessage()} {record.__dict__!r}" for record in self.caplog.records)
        shown = "\n".join([*self.seen, captured.out, captured.err, log, self.caplog.text])
        assert [form for form in FORMS if form in shown] == []


@pytest.fixture
def witness(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Witness:
    caplog.set_level(logging.DEBUG)
    return Witness(capsys, caplog)


def handle(runtime: Runtime, server: OracleServer, kind: str, key: str = KEY) -> Any:
    credentials = {"server_url": server.url, "model_uid": UIDS[kind], "api_key": key}
    return getattr(runtime, kind)(f"xinference/{kind}-secret", credentials)


@pytest.mark.parametrize("kind", sorted(UIDS))
def test_calls_that_work(runtime: Runtime, server: OracleServer, witness: Witness, kind: str) -> None:
    model = handle(runtime, server, kind)
    witness.run(lambda: model)
    witness.run(lambda: model.credentials)
    witness.run(lambda: model.schema)
    witness.run(model.validate_credentials)
    assert witness.run(lambda: model.invoke(*CALLS[kind])) is None
    assert witness.run(lambda: asyncio.run(model.ainvoke(*CALLS[kind]))) is None
    assert {request.header("authorization") for request in server.requests} == {f"Bearer {KEY}"}
    witness.judge()


@pytest.mark.parametrize("kind", sorted(UIDS))
@pytest.mark.parametrize(("fault", "options"), TROUBLES)
def test_calls_that_fail(
    runtime: Runtime, server: OracleServer, witness: Witness, kind: str, fault: str, options: dict[str, Any]
) -> None:
    model = handle(runtime, server, kind)
    assert model.schema.model
    server.fault(fault, times=None, **options)
    ways: list[Callable[[], Any]] = [
        lambda: model.invoke(*CALLS[kind]),
        lambda: asyncio.run(model.ainvoke(*CALLS[kind])),
        model.validate_credentials,
        lambda: runtime.models("xinference", credentials={"server_url": server.url, "api_key": KEY}),
    ]
    if kind == "llm":
        ways.append(lambda: list(model.stream("Hi", tools=[WEATHER])))
    for way in ways:
        assert witness.run(way) is not None
    witness.judge()


def test_errors_inside_a_stream(runtime: Runtime, server: OracleServer, witness: Witness) -> None:
    model = handle(runtime, server, "llm")
    for message in (KEY, f"[address=127.0.0.1:1, pid=2] refused {KEY}", f"Model not found, uid: {KEY}"):
        server.fault("F19", message=message)
        assert witness.run(lambda: list(model.stream("Hi"))) is not None
        server.fault("F19", message=message)
        assert witness.run(lambda: asyncio.run(_read(model))) is not None
    witness.judge()


async def _read(model: Any) -> list[Any]:
    return [chunk async for chunk in model.astream("Hi")]


def test_a_key_that_is_refused(runtime: Runtime, server: OracleServer, witness: Witness) -> None:
    server.api_key = "sk-test-another"
    server.dialect.gate.keys = {"sk-test-another": "all"}
    model = handle(runtime, server, "llm")
    assert witness.run(model.validate_credentials) is not None
    assert witness.run(lambda: model.invoke("Hi")) is not None
    witness.judge()


def test_what_cannot_be_a_key(runtime: Runtime, server: OracleServer, witness: Witness) -> None:
    model = handle(runtime, server, "llm", f"{KEY}\nX-Other: 1")
    assert witness.run(model.validate_credentials) is not None
    assert witness.run(lambda: model.invoke("Hi")) is not None
    assert server.requests == []
    witness.judge()


def test_credentials_refuse_to_be_pickled(runtime: Runtime, server: OracleServer) -> None:
    model = handle(runtime, server, "llm")
    for each in (model, model.credentials):
        with pytest.raises(Exception, match=r"pickle|serializ"):
            pickle.dumps(each)


def test_the_witness_sees_a_key_that_is_shown(witness: Witness) -> None:
    logging.getLogger("some.library").debug("sent %s", KEY)
    with pytest.raises(AssertionError):
        witness.judge()
