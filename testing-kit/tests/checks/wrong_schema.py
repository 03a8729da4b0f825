"""Descriptions with one mistake each: what `new` writes, and a text that is replaced in one of its files."""

from __future__ import annotations

import importlib
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrt_testing_kit.scaffold import Names, create

CREDENTIALS = {"api_key": "{canary}", "base_url": "{server}"}
PROVIDER = "provider.yaml"
CHAT = "models/llm/chat.yaml"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A mistake: the check that finds it, the file below the package, and what is replaced by what."""

    check: str
    file: str
    old: str
    new: str


def plugin(folder: Path, *mistakes: Wrong) -> Any:
    """Write a plugin of a name of its own, put mistakes into it, and import it."""
    names = Names(f"mrt-wrong{next(_NUMBERS)}")
    root, _ = create(names.distribution, "openai", folder)
    package = root / "src" / names.package
    for wrong in mistakes:
        file = package / wrong.file
        text = file.read_text("utf-8") if file.exists() else ""
        assert wrong.old in text, f"{wrong.file} has no {wrong.old!r}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(wrong.old, wrong.new, 1), "utf-8")
    sys.path.insert(0, str(root / "src"))
    try:
        return importlib.import_module(names.package).plugin
    finally:
        sys.path.remove(str(root / "src"))


_KEY = "    - variable: api_key\n"
_RULES = "parameter_rules:\n"
_SWITCH = """parameter_rules:
  - name: %s
    type: %s
    label:
      en_US: Odd
      zh_Hans: 奇
"""


def _rule(check: str, name: str, kind: str, lines: str) -> Wrong:
    text = _SWITCH % (name, kind) + "".join(f"    {line}\n" for line in lines.splitlines())
    return Wrong(check, CHAT, _RULES, text)


WRONG: dict[str, Wrong] = {
    "a file that is no YAML": Wrong("SCH-01", CHAT, "model_type: llm", "model_type: llm: x"),
    "a key that stands twice": Wrong("SCH-01", CHAT, "model_type: llm", "model_type: llm\nmodel_type: llm"),
    "a misspelt key of a model": Wrong("SCH-02", CHAT, "model_properties:", "model_propertys:"),
    "a misspelt key of the provider": Wrong("SCH-02", PROVIDER, "background:", "backgruond:"),
    "a number in quotes": Wrong("SCH-02", CHAT, "    max: 16384", '    max: "16384"'),
    "a misspelt language": Wrong("SCH-03", PROVIDER, "zh_Hans: API 密钥", "zh_Hnas: API 密钥"),
    "a help in one language": Wrong(
        "SCH-03", CHAT, "      zh_Hans: 种子与请求相同时,服务商会尽量给出相同的回答。\n", ""
    ),
    "a default above the most": _rule("SCH-04", "odd", "int", "min: 1\nmax: 4\ndefault: 5"),
    "bounds the wrong way round": _rule("SCH-04", "odd", "float", "min: 4\nmax: 1"),
    "a default that is no option": _rule("SCH-05", "odd", "string", "default: c\noptions:\n  - a\n  - b"),
    "an option twice": _rule("SCH-06", "odd", "string", "options:\n  - a\n  - a"),
    "two parameters of one name": Wrong("SCH-07", CHAT, "  - name: top_p\n    use", "  - name: temperature\n    use"),
    "two fields of one name": Wrong("SCH-07", PROVIDER, "    - variable: base_url", "    - variable: api_key"),
    "decimals of a whole number": _rule("SCH-08", "odd", "int", "min: 0\nmax: 1\nprecision: 2"),
    "a fraction without decimals": _rule("SCH-08", "odd", "float", "min: 0\nmax: 1\nprecision: 0"),
    "a default of another type": _rule("SCH-09", "odd", "int", "default: many"),
    "a switch with a text": _rule("SCH-09", "odd", "boolean", 'default: "false"'),
    "required, and without default": _rule("SCH-10", "odd", "int", "required: true"),
    "a field that nobody reads": Wrong(
        "SCH-11",
        PROVIDER,
        _KEY,
        "    - variable: organisation\n      type: text-input\n      required: false\n      label:\n"
        "        en_US: Organisation\n        zh_Hans: 组织\n" + _KEY,
    ),
    "a misspelt variable": Wrong("SCH-11", PROVIDER, "variable: base_url", "variable: base_uri"),
    "a key that is shown": Wrong("SCH-12", PROVIDER, "type: secret-input", "type: text-input"),
    "an address that is masked": Wrong("SCH-12", PROVIDER, "type: text-input", "type: secret-input"),
    "a key in the file": Wrong(
        "SCH-12", PROVIDER, "type: secret-input", "type: secret-input\n      default: sk-test-1"
    ),
    "a condition without a field": Wrong(
        "SCH-13", PROVIDER, _KEY, _KEY + "      show_on:\n        - variable: nowhere\n          value: x\n"
    ),
    "a model that is not in the order": Wrong("SCH-14", "models/llm/_position.yaml", "-chat", "-chart"),
    "a name in the order of no model": Wrong("SCH-14", "models/llm/_position.yaml", "- ", "- elsewhere\n- "),
    "structured output without a parameter": Wrong(
        "SCH-15", CHAT, "  - name: json_schema\n    use_template: json_schema\n", ""
    ),
    "pictures that are dropped": Wrong(
        "SCH-15",
        "llm.py",
        '``parameters``."""\n',
        '''``parameters``."""

    def messages(self, invocation):
        return [{**message, "content": "What is it?"} for message in super().messages(invocation)]
''',
    ),
    "calls that are dropped": Wrong(
        "SCH-15",
        "llm.py",
        '``parameters``."""\n',
        '''``parameters``."""

    def parse_response(self, invocation, response):
        result = super().parse_response(invocation, response)
        result.message.tool_calls.clear()
        return result
''',
    ),
    "an answer longer than the context": Wrong("SCH-16", CHAT, "context_size: 131072", "context_size: 4096"),
    "a context of nothing": Wrong("SCH-16", CHAT, "context_size: 131072", "context_size: 0"),
    "a price that readers round": Wrong("SCH-17", CHAT, 'input: "0.50"', "input: 0.5"),
    "a unit of millions": Wrong("SCH-17", CHAT, 'unit: "0.000001"', 'unit: "1000000"'),
    "a currency that is none": Wrong("SCH-17", CHAT, "currency: USD", "currency: dollars"),
    "an icon that is not there": Wrong("SCH-19", PROVIDER, "icon_small.svg", "icon_smal.svg"),
    "an icon that is no image": Wrong("SCH-19", "_assets/icon_small.svg", "<svg", "<gvs"),
    "a link without a scheme": Wrong("SCH-20", PROVIDER, "https://example.com/keys", "example.com/keys"),
    "a link without a host": Wrong("SCH-20", PROVIDER, "https://example.com/keys", "https:///keys"),
    "all models retired": Wrong("SCH-21", CHAT, "model_type: llm", "model_type: llm\ndeprecated: true"),
}
