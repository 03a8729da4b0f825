from __future__ import annotations

from typing import Any

import pytest

from mrt.schema import lint

HEAD = "model: a\nmodel_type: llm\nmodel_properties:\n  mode: chat\n  context_size: 4096\nparameter_rules:\n"


def found(write: Any, *rules: str) -> list[str]:
    text = "".join("  - " + rule.strip().replace("\n", "\n    ") + "\n" for rule in rules)
    path = write("m.yaml", HEAD + text)
    return [
        f"{finding.severity} {finding.code} {finding.key_path.removeprefix('parameter_rules')}"
        for finding in lint(path)
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{name: n, type: float, min: 0, max: 1, default: 1.5}", "warning default-out-of-range [0].default"),
        ("{name: n, type: float, min: 0, max: 1, default: -0.5}", "warning default-out-of-range [0].default"),
        ("{name: n, use_template: temperature, default: 2}", "warning default-out-of-range [0].default"),
        ("{name: n, use_template: max_tokens, max: 32}", "warning default-out-of-range [0].default"),
        ("{name: n, use_template: top_k, max: 0, default: 0}", "warning template-bound [0].max"),
        ("{name: n, use_template: top_p, min: 2, default: 2}", "warning template-bound [0].min"),
        ("{name: n, type: string, options: [a, b], default: c}", "warning default-not-in-options [0].default"),
        (
            "{name: n, use_template: response_format, default: json}",
            "warning default-not-in-options [0].default",
        ),
        ("{name: n, type: string, options: [a, b, a]}", "warning duplicate-option [0].options[2]"),
        ("{name: n, type: int, options: ['1', '2']}", "info unused-options [0].options"),
        ("{name: n, type: int, precision: 2}", "warning precision [0].precision"),
        ("{name: n, type: float, precision: -1}", "warning precision [0].precision"),
        ("{name: n, type: float, min: 0, max: 1, precision: 0}", "warning precision [0].precision"),
        ("{name: n, use_template: temperature, precision: 0}", "warning precision [0].precision"),
        ("{name: n, type: string, max: 5}", "info unused-bound [0].max"),
        ("{name: n, type: boolean, precision: 5}", "info unused-bound [0].precision"),
        ("{name: n, type: float, precision: 1, default: 0.25}", "info default-precision [0].default"),
        ("{name: n, type: bool}", "warning type-spelling [0].type"),
        ("{name: n, type: text, default: 5}", "warning default-as-text [0].default"),
        ("{name: n, type: int, default: '5'}", "warning default-as-text [0].default"),
        ("{name: n, type: int, required: true, default: 5}", "info required-default [0].required"),
        ("{name: n, use_template: max_tokens, max: 5000}", "warning above-context [0].max"),
        ("{name: max_output_tokens, type: int, max: 5000}", "warning above-context [0].max"),
        ("{name: maxTokens, type: int, default: 5000}", "warning above-context [0].default"),
        ("{name: n, type: int, use_template: top_kk}", "warning unknown-template [0].use_template"),
    ],
)
def test_one_rule(write: Any, rule: str, expected: str) -> None:
    assert found(write, rule) == [expected]


@pytest.mark.parametrize(
    "rule",
    [
        "{name: n, use_template: temperature}",
        "{name: n, use_template: temperature, default: 0, min: 0, max: 0.5}",
        "{name: n, use_template: temperature, default: null}",
        "{name: n, use_template: presence_penalty, min: -2, max: 2}",
        "{name: n, use_template: json_schema}",
        "{name: n, type: int, default: 5.0}",
        "{name: n, type: float, default: 5, precision: 0}",
        "{name: n, type: float, default: 0.30000000000000004}",
        "{name: n, type: boolean, default: false}",
        "{name: n, type: string, options: ['1', '2'], default: '1'}",
        "{name: n, type: string, options: []}",
        "{name: n, type: int, min: 0, max: 0, default: 0}",
        "{name: n, type: int, min: 1, max: .inf}",
        "{name: budget, type: int, max: 100000}",
        "{name: n, type: float, precision: 1, default: 1.0e-1}",
    ],
)
def test_sound_rules(write: Any, rule: str) -> None:
    assert found(write, rule) == []


def test_the_template_of_several_rules_is_no_name_for_any(write: Any) -> None:
    one, two = "{name: a, use_template: max_tokens}", "{name: b, use_template: max_tokens}"
    assert found(write, one, two) == [
        "info shared-template [0].use_template",
        "info shared-template [1].use_template",
    ]
    assert found(write, one, two, "{name: max_tokens, use_template: max_tokens}") == []


def test_without_a_context_size_no_bound_is_above_it(write: Any) -> None:
    path = write(
        "m.yaml", "model: a\nmodel_type: rerank\nparameter_rules:\n  - {name: max_tokens, type: int, max: 9999999}\n"
    )
    assert lint(path) == []


def test_messages_say_what_is_wrong_and_where(write: Any) -> None:
    path = write("m.yaml", HEAD + "  - name: n\n    type: float\n    max: 1\n    default: 3\n")
    (finding,) = lint(path)
    assert str(finding) == (f"{path}:10: warning: parameter_rules[0].default: is 3, above max 1 [default-out-of-range]")
    assert finding.column == 14
