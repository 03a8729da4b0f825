"""The contract against a vendor of an own shape: right providers pass, wrong ones fail, and dialects are blamed."""

from __future__ import annotations

import json
from typing import Any

import own_provider
import pytest
from own_provider import ByOrder, ByPosition, OwnLLM, ShortIsFine
from own_shape import Own, made

from mrt import HTTPRequest, Invocation, LLMRequest
from mrt_testing_kit import Report, run
from mrt_testing_kit.server import Call, Reply, oracle

EMBEDDINGS = ["EMB-01", "EMB-03", "EMB-04", "EMB-06", "EMB-15", "EMB-21"]
RANKS = ["RRK-01", "RRK-02", "RRK-05", "RRK-06", "RRK-07", "RRK-10"]
CHATS = ["LLM-12", "LLM-13", "USG-06", "USG-07", "STR-10", "STR-11", "STR-23", "STR-24", "ERR-01"]

pytestmark = pytest.mark.usefixtures("own_dialects")


def check(ids: list[str], models: dict[str, Any] | None = None, **changes: Any) -> Report:
    samples = {**Own.samples, "rerank": ["acme-order"]}
    dialect = made(Own, {"samples": samples, **changes})
    return run(own_provider.provider(**models or {}), dialect.name, own_provider.CREDENTIALS, ids)


def statuses(report: Report, ids: list[str]) -> dict[str, set[str]]:
    return {id: {case.status for case in report[id].cases} for id in ids}


def test_a_right_provider_passes() -> None:
    ids = [*EMBEDDINGS, *RANKS, *CHATS]
    report = check(ids)
    assert [case.text for found in report.failed for case in found.cases] == []
    found = statuses(report, ids)
    # This vendor has no details of token counts, and no event that opens an answer.
    assert {id for id, states in found.items() if states != {"pass"}} == {"USG-07", "STR-23"}
    assert report["USG-07"].cases[0].reason.endswith("on its chat answers: their token counts have no details")
    assert report["STR-23"].cases[0].reason.endswith("its streams have no event that opens an answer")


@pytest.mark.parametrize(
    ("models", "id", "said"),
    [
        ({"text_embedding": ByOrder}, "EMB-01", "vector 0 of 5 is not the one of texts[0]"),
        ({"text_embedding": ShortIsFine}, "EMB-03", "3 vectors for 4 texts"),
        ({"rerank": ByPosition}, "RRK-01", "documents, scores or order are wrong"),
    ],
)
def test_a_wrong_provider_fails(models: dict[str, Any], id: str, said: str) -> None:
    report = check([id], models)
    assert {case.status for case in report[id].cases} == {"fail"}
    assert said in report[id].cases[0].text


class Drip(OwnLLM):
    """Asks for streams in a word of the vendor's."""

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        request = super().build_request(invocation)
        body = json.loads(request.content or b"")
        return self.post(invocation, "/talk", {"drip" if name == "stream" else name: body[name] for name in body})


def test_a_stream_is_asked_for_in_the_vendors_word() -> None:
    for key, status in (("drip", "pass"), ("stream", "fail")):
        report = check(["LLM-02"], {"llm": Drip}, stream_key=key)
        assert {case.status for case in report["LLM-02"].cases if "stream" in case.case} == {status}


def embed_alone(self: Any, call: Call) -> Reply:
    rows = [{"place": place, "numbers": oracle.embedding(text)} for place, text in enumerate(call.body["texts"])]
    return call.json_reply({"vectors": rows})


def test_a_dialect_without_places_is_blamed_and_not_the_provider() -> None:
    report = check(["EMB-01", "EMB-03"], embed=embed_alone)
    for id, fault in (("EMB-01", "F50"), ("EMB-03", "F51")):
        for case in report[id].cases:
            assert case.status == "fail"
            where = (
                f"the dialect own cannot play {fault} on its embedding answers: embed() does not call call.vectors()"
            )
            assert case.reason == where
            assert "mend:     Let the handler call it." in case.text
            assert "real bug" not in case.text


def embed_in_order(self: Any, call: Call) -> Reply:
    rows = call.vectors(call.body["texts"], indexed=False)
    return call.json_reply({"vectors": [{"place": place, "numbers": row.vector} for place, row in enumerate(rows)]})


def test_a_fault_that_a_vendor_cannot_show_does_not_apply() -> None:
    report = check(["EMB-01", "EMB-06", "EMB-07"], embed=embed_in_order)
    assert statuses(report, ["EMB-01", "EMB-06", "EMB-07"]) == {
        "EMB-01": {"not-applicable"},
        "EMB-06": {"pass"},
        "EMB-07": {"not-applicable"},
    }
    assert "their rows have no index" in report["EMB-01"].cases[0].reason


def test_a_stale_key_is_told() -> None:
    report = check(["LLM-12", "LLM-13"], text_key="said", usage_keys=("cost",))
    texts = {case.reason for id in ("LLM-12", "LLM-13") for case in report[id].cases if case.status == "fail"}
    assert texts == {
        f"the dialect own cannot play {why}"
        for why in (
            "F24 on its chat answers: text_key 'said' is not in the answer of the dialect own",
            "F30 on its chat answers: usage_keys names 'cost', and the counts stand under other keys",
        )
    }


def test_a_dialect_that_breaks_off_is_blamed() -> None:
    def embed(self: Any, call: Call) -> Reply:
        return call.json_reply(call.body["inputs"])

    report = check(["EMB-05"], embed=embed)
    assert report["EMB-05"].cases[0].reason.startswith("the dialect own broke off: KeyError: 'inputs' (")
    assert "refuse it in check()" in report["EMB-05"].cases[0].text


def test_a_type_without_an_endpoint_is_noted() -> None:
    routes = [route for route in Own.routes if route.kind != "rerank"]
    report = check(["RRK-01", "EMB-05"], routes=routes, samples=Own.samples)
    assert report.notes == [
        "rerank is declared, and the dialect own has no endpoint for it: nothing of it was checked",
    ]
    assert (report.status("RRK-01"), report.status("EMB-05")) == ("not-applicable", "pass")


def test_a_vendor_that_tells_no_counts() -> None:
    def embed(self: Any, call: Call) -> Reply:
        rows = call.vectors(call.body["texts"])
        return call.json_reply({"vectors": [{"place": row.index, "numbers": row.vector} for row in rows]})

    report = check(["EMB-15"], embed=embed)
    assert statuses(report, ["EMB-15"]) == {"EMB-15": {"pass"}}
