"""A vendor whose answers look like nobody else's: the dialect of docs/plugins/dialects.md, and all types besides."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

from mrt_testing_kit.probe import Got, ask
from mrt_testing_kit.server import ABSENT, Call, Dialect, OracleServer, Reply, Route, oracle, register_dialect

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "plugins" / "dialects.md"
_NAMES: dict[str, Any] = {"__name__": "acme_dialect"}
exec(re.findall(r"```python\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)[0], _NAMES)  # the page's own words
Acme: Any = _NAMES["Acme"]


class Own(Acme):  # type: ignore[misc]  # made by exec
    """Acme with every type."""

    name = "own"
    routes = (
        *Acme.routes,
        Route("POST", "/order", "rerank", "order"),
        Route("POST", "/judge", "moderation", "judge"),
        Route("POST", "/hear", "transcription", "hear"),
    )

    def order(self, call: Call) -> Reply:
        rows = call.ranks(call.body["about"], call.body["docs"], call.body.get("best"))
        order = [{"place": row.index, "fit": row.score, "doc": row.text or ABSENT} for row in rows]
        return call.json_reply({"answer": {"order": order}})

    def judge(self, call: Call) -> Reply:
        rows = call.verdicts(call.body["texts"])
        return call.json_reply([{"bad": row.flagged, "why": row.categories, "how": row.scores} for row in rows])

    def hear(self, call: Call) -> Reply:
        return call.json_reply({"heard": call.transcript(call.request.body)})


def made(base: type[Dialect], changes: dict[str, Any]) -> type[Dialect]:
    """Register a dialect that differs from another one."""
    changed: Any = type(base.__name__, (base,), changes)
    return register_dialect(cast("type[Dialect]", changed))


QUESTION = {"engine": "acme-talk", "lines": [{"who": "user", "says": "Good morning to you"}]}


def talk(server: OracleServer, *, stream: bool = False) -> Got:
    return ask(server.url, "POST", "/talk", {**QUESTION, "stream": stream})


def lines(got: Got) -> list[Any]:
    return [json.loads(line) for line in got.text.splitlines()]


def embed(server: OracleServer, *texts: str) -> Any:
    return ask(server.url, "POST", "/vectors", {"engine": "acme-vec", "texts": list(texts)}).json


def vectors(server: OracleServer, *texts: str) -> list[tuple[Any, Any]]:
    return [(row.get("place", "-"), row["numbers"]) for row in embed(server, *texts)["vectors"]]


def right(*texts: str) -> list[tuple[int, list[float]]]:
    return list(enumerate(map(oracle.embedding, texts)))


def order(server: OracleServer, **body: Any) -> Any:
    return ask(server.url, "POST", "/order", {"about": "b", "docs": ["a", "b", "c"], **body}).json
