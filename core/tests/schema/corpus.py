"""Makes a tree of vendors with the shapes, the sizes and the oddities of the published ones.

Names and texts are made up. The counts are those of the published YAML: 70 vendors, 1686 model files, more than 8000
parameter rules; some model files are matched by no glob. `generate` writes the tree and says where each oddity is.

    python corpus.py DIRECTORY [VENDORS MODELS]
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

TOTAL = 1686
TYPES = {"llm": 1411, "text-embedding": 145, "rerank": 57, "tts": 37, "speech2text": 33, "moderation": 3}
CUSTOM_ONLY = 18 / 70
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></svg>\n'

# Pattern, and the folder below the type's folder where its files are. A position file lies in the type's folder.
GLOBS: list[tuple[str, str]] = [
    ("models/{key}/*.yaml", ""),
    ("models/{key}/**/*.yaml", "family/a"),
    ("models/{key}/*/*.yaml", "family"),
    ("models/{key}/[a-z]*.yaml", ""),
    ("models/{key}/family/*.yaml", "family"),
    ("models/{key}/*-*.yaml", ""),
    ("models/{key}/**/m*.yaml", "deep/er"),
    ("models/{key}/*/*/*.yaml", "deep/er"),
    ("models/*/*.yaml", ""),
    ("models/{key}/m?del-*.yaml", ""),
]
HELP = (
    "help:\n"
    "    zh_Hans: 用于控制随机性和多样性的程度。具体来说,该值控制了生成文本时对每个候选词的概率分布进行平滑的程度。\n"
    "    en_US: Used to control the degree of randomness and diversity. A higher value flattens the distribution of "
    "candidate tokens, which makes the answer more varied.\n"
)


# How often an oddity occurs, and among how many: models, language models, priced models, rules.
SHARES: dict[str, tuple[int, int]] = {
    "no-label": (250, TOTAL),
    "no-features": (316, TOTAL),
    "no-pricing": (381, TOTAL),
    "no-rules": (278, TOTAL),
    "deprecated": (210, TOTAL),
    "unit-zero": (66, 1305),
    "no-output-price": (105, 1305),
    "icon-key": (35, TOTAL),
    "tiered-pricing": (5, 1305),
    "ja_JP": (235, TOTAL),
    "null-text": (16, TOTAL),
    "default-null": (2, 1400),
    "lone-stream-tool-call": (8, 1411),
    "rule-show_on": (3, 1400),
    "odd-default": (35, 1400),
    "renamed": (97, 1292),
    "metadata": (2, TOTAL),
    "above-context": (11, 1411),
    "no-context": (5, 1411),
    "no-voices": (9, 37),
}


class Quota:
    """Says yes to an even share of the questions: `count` times out of `total`."""

    def __init__(self, count: float, total: float) -> None:
        self.step, self.level = count / total, 0.5

    def take(self) -> bool:
        self.level += self.step
        if self.level < 1:
            return False
        self.level -= 1
        return True


@dataclass
class Corpus:
    """What was written, and where the oddities are."""

    root: Path
    providers: list[Path] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    positions: list[Path] = field(default_factory=list)
    unreached: list[Path] = field(default_factory=list)
    rules: int = 0
    oddities: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))

    @property
    def reached(self) -> int:
        """How many model files the globs reach."""
        return len(self.models) - len(self.unreached)


class Writer:
    """Writes one tree."""

    def __init__(self, root: Path, vendors: int, models: int) -> None:
        self.corpus, self.vendors, self.total = Corpus(root), vendors, models
        self.random = random.Random(20261123)
        self.quotas = {name: Quota(*share) for name, share in SHARES.items()}
        self.here = root

    def odd(self, name: str) -> bool:
        """Ask for an oddity, and note the file when it gets one."""
        if not self.quotas[name].take():
            return False
        self.corpus.oddities[name].append(self.here)
        return True

    def counts(self) -> list[dict[str, int]]:
        """Share the models among the vendors: few have many."""
        with_models = self.vendors - round(self.vendors * CUSTOM_ONLY)
        weights = [1 / (rank + 1) ** 0.8 for rank in range(with_models)]
        shares: list[dict[str, int]] = [{} for _ in range(self.vendors)]
        left = self.total
        for kind, count in TYPES.items():
            wanted = min(left, max(1, round(count * self.total / TOTAL)))
            for rank in range(with_models):
                number = min(wanted, int(count * self.total / TOTAL * weights[rank] / sum(weights)) + (kind == "llm"))
                if number:
                    shares[rank][kind] = number
                    wanted, left = wanted - number, left - number
            shares[0][kind] = shares[0].get(kind, 0) + wanted
            left -= wanted
        shares[0]["llm"] += left
        return shares

    def write(self) -> Corpus:
        for number, share in enumerate(self.counts()):
            self.vendor(number, share)
        return self.corpus

    def vendor(self, number: int, share: dict[str, int]) -> None:
        name = f"vendor_{number:02d}"
        folder = self.corpus.root / name
        (folder / "provider").mkdir(parents=True)
        (folder / "_assets").mkdir()
        (folder / "manifest.yaml").write_text(f"version: 0.0.1\ntype: plugin\nname: {name}\nplugins:\n  models: []\n")
        suffix, image = [("svg", SVG), ("png", PNG), ("jpeg", JPEG)][number % 3]
        for icon in ("s", "l") if number % 23 else ():
            (folder / "_assets" / f"icon_{icon}_en.{suffix}").write_bytes(image)
        globs = [self.kind(folder, kind, count, number + index) for index, (kind, count) in enumerate(share.items())]
        file = folder / "provider" / ("maas.yaml" if number == 5 else f"{name}.yaml")
        text = self.provider_text(name if number % 35 else name.replace("_", "-"), suffix, list(share), "".join(globs))
        file.write_text(text, "utf-8")
        self.corpus.providers.append(file)

    def kind(self, folder: Path, kind: str, count: int, shape: int) -> str:
        key = kind.replace("-", "_")
        pattern, below = GLOBS[shape % len(GLOBS)]
        home = folder / "models" / key
        (home / below).mkdir(parents=True)
        names = [f"model-{kind[:3]}-{index:04d}" for index in range(count)]
        outside = 1 if kind == "llm" and shape % 2 and count > 2 else 0
        twice = 1 if kind == "llm" and shape % 9 == 0 and count > 3 else 0
        for index, name in enumerate(names):
            path = home / below / f"{name}.yaml"
            if index < outside:
                (folder / "drafts").mkdir()
                path = folder / "drafts" / f"{name}.yaml"
                self.corpus.unreached.append(path)
            self.here = path
            called = self.model_name(name, index)
            if twice and index == count - 1:
                self.corpus.oddities["duplicate-model"].append(path)
                called = self.model_name(names[-2], index - 1)
            self.save(path, self.model_text(called, kind))
        if count < 2:
            self.corpus.oddities["glob-without-files"].append(folder)
            return f"  {key}:\n    predefined:\n      - {pattern.format(key=key)}\n      - models/{key}/none/*.yaml\n"
        self.position(home, [self.model_name(name, index) for index, name in enumerate(names)], shape)
        return (
            f"  {key}:\n    position: models/{key}/_position.yaml\n    predefined:\n      - {pattern.format(key=key)}\n"
        )

    def model_name(self, name: str, index: int) -> str:
        return f"Org/{name}" if index % 4 == 1 else f"{name}@beta" if index % 97 == 5 else f"{name}"

    def save(self, path: Path, text: str) -> None:
        data = text.encode()
        if len(self.corpus.models) == 7:
            data = b"\xef\xbb\xbf" + data
            self.corpus.oddities["bom"].append(path)
        if len(self.corpus.models) == 8:
            data = data.replace(b"\n", b"\r\n")
            self.corpus.oddities["crlf"].append(path)
        path.write_bytes(data)
        self.corpus.models.append(path)

    def position(self, home: Path, names: list[str], shape: int) -> None:
        path = home / "_position.yaml"
        order = list(names)
        self.random.shuffle(order)
        if shape % 5 == 1:
            order = [*order[1:], "model-gone"]
            self.corpus.oddities["position-mismatch"].append(path)
        text = "".join(f"- {name}\n" for name in order)
        if shape == 13:
            text = " ".join(f"- {name}" for name in order).removeprefix("- ") + "\n"
            self.corpus.oddities["run-together"].append(path)
        path.write_text(text, "utf-8")
        self.corpus.positions.append(path)

    def model_text(self, name: str, kind: str) -> str:
        lines = [f"model: {name}\n"]
        if not self.odd("no-label"):
            extra = "  ja_JP: モデル\n" if self.odd("ja_JP") else "  zh_Hans:\n" if self.odd("null-text") else ""
            lines.append(f"label:\n  en_US: {name}\n{extra}")
        lines.append(f"model_type: {kind}\n")
        if self.odd("icon-key"):
            lines.append("icon: icon_s_en.svg\n")
        if self.odd("metadata"):
            lines.append("metadata:\n  note: none\n")
        context = self.random.choice([4096, 8192, 32768, 131072, 200000])
        if not self.odd("no-features"):
            lines.append(self.features(kind))
        lines.append(f"model_properties:\n{self.properties(kind, context)}")
        if kind == "llm" and not self.odd("no-rules"):
            lines.append("parameter_rules:\n" + self.rules(context))
        if not self.odd("no-pricing"):
            lines.append(self.pricing())
        if self.odd("deprecated"):
            lines.append("deprecated: true\n")
        return "".join(lines)

    def features(self, kind: str) -> str:
        if kind != "llm":
            return "features:\n" if len(self.corpus.models) % 2 else "features:\n  - vision\n"
        if self.odd("lone-stream-tool-call"):
            return "features:\n  - stream-tool-call\n"
        return "features:\n  - agent-thought\n  - tool-call\n  - stream-tool-call\n" + "  - vision\n" * (
            self.random.random() < 0.4
        )

    def properties(self, kind: str, context: int) -> str:
        size = f"  context_size: {context}\n"
        voices = "".join(f'    - mode: "v{n}"\n      name: "Voice {n}"\n      language: ["en-US"]\n' for n in range(4))
        makers: dict[str, Callable[[], str]] = {
            "llm": lambda: "  mode: chat\n" + ("" if self.odd("no-context") else size),
            "text-embedding": lambda: f"{size}  max_chunks: 10\n",
            "rerank": lambda: size,
            "tts": lambda: (
                "  word_limit: 3500\n  audio_type: mp3\n  max_workers: 5\n"
                + ("" if self.odd("no-voices") else f'  default_voice: "v1"\n  voices:\n{voices}')
            ),
            "speech2text": lambda: "  file_upload_limit: 25\n  supported_file_extensions: flac,mp3,mp4,wav,webm\n",
            "moderation": lambda: "  max_chunks: 32\n  max_characters_per_chunk: 2000\n",
        }
        return makers[kind]()

    def rules(self, context: int) -> str:
        maximum = context * 2 if self.odd("above-context") else context // 2
        limit = "max_output_tokens" if self.odd("renamed") else "max_tokens"
        default = "    default: 0.123\n" if self.odd("odd-default") else ""
        blocks = [
            "  - name: temperature\n    use_template: temperature\n" + default,
            "  - name: top_p\n    use_template: top_p\n",
            f"  - name: {limit}\n    use_template: max_tokens\n    default: 1024\n    min: 1\n    max: {maximum}\n",
            "  - name: json_schema\n    use_template: json_schema\n",
            "  - name: top_k\n    label:\n      zh_Hans: 取样数量\n      en_US: Top k\n    type: int\n    "
            + HELP.replace("\n    ", "\n      ")
            + "    required: false\n",
            "  - name: presence_penalty\n    use_template: presence_penalty\n    default: 0\n    min: -2\n    max: 2\n",
            "  - name: repetition_penalty\n    required: false\n    type: float\n    default: 1.1\n    label:\n"
            "      zh_Hans: 重复惩罚\n      en_US: Repetition penalty\n    " + HELP.replace("\n    ", "\n      "),
            "  - name: response_format\n    label:\n      zh_Hans: 回复格式\n      en_US: Response Format\n"
            "    type: string\n    required: false\n    options:\n      - text\n      - json_object\n",
            "  - name: enable_search\n    type: boolean\n    default: false\n    label:\n      en_US: Enable Search\n",
        ]
        chosen = blocks[: self.random.choice([5, 6, 7, 8, 9])]
        self.corpus.rules += len(chosen)
        if self.odd("default-null"):
            chosen[0] += "    default: null\n"
        if self.odd("rule-show_on"):
            chosen[1] += "    show_on:\n      - variable: x\n        value: y\n"
        return "".join(chosen)

    def pricing(self) -> str:
        unit = "0.000" if self.odd("unit-zero") else self.random.choice(["0.000001", "0.001"])
        output = "" if self.odd("no-output-price") else f"  output: '{self.random.randint(1, 900) / 100:.2f}'\n"
        tiers = ""
        if self.odd("tiered-pricing"):
            tiers = (
                "  tiered_pricing:\n    - input: '0.8'\n      output: '2'\n      max_tokens: 32000\n"
                "    - input: '1.6'\n      output: '4'\n      max_tokens: 128000\n"
            )
        currency = self.random.choice(["USD", "USD", "RMB", "EUR"])
        return (
            f"pricing:\n  input: '{self.random.randint(1, 300) / 100:.2f}'\n{output}  unit: '{unit}'\n"
            f"  currency: {currency}\n{tiers}"
        )

    def provider_text(self, name: str, suffix: str, kinds: list[str], globs: str) -> str:
        methods = "".join(f"  - {m}\n" for m in (["predefined-model"] if kinds else []) + ["customizable-model"])
        listed = "".join(f"  - {kind}\n" for kind in kinds or ["llm", "text-embedding"])
        icons = f"icon_small:\n  en_US: icon_s_en.{suffix}\nicon_large:\n  en_US: icon_l_en.{suffix}\n"
        key = (
            "    - variable: api_key\n      type: secret-input\n      required: true\n      label:\n"
            "        en_US: API Key\n"
        )
        repeated = "".join(
            f"    - variable: context_size\n      label:\n        en_US: Context size\n      type: text-input\n"
            f"      default: '4096'\n      required: true\n"
            f"      show_on:\n        - variable: __model_type\n          value: {kind}\n"
            for kind in ("llm", "text-embedding", "rerank")
        )
        model = "  model:\n    label:\n      en_US: Model Name\n  credential_form_schemas:\n"
        return (
            f"provider: {name}\nlabel:\n  en_US: {name.title()}\n{icons}background: '#EAEAEA'\n"
            f"help:\n  title:\n    en_US: Get your key\n  url:\n    en_US: https://example.com/{name}\n"
            f"supported_model_types:\n{listed}configurate_methods:\n{methods}"
            f"provider_credential_schema:\n  credential_form_schemas:\n{key}"
            f"model_credential_schema:\n{model}{key}{repeated}"
            + (f"models:\n{globs}" if globs else "")
            + f"extra:\n  python:\n    provider_source: provider/{name}.py\n    model_sources: []\n"
        )


def generate(root: Path, vendors: int = 70, models: int = TOTAL) -> Corpus:
    """Write a tree below `root` and return what is in it."""
    return Writer(root, vendors, models).write()


if __name__ == "__main__":
    corpus = generate(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    print(len(corpus.providers), "providers,", len(corpus.models), "models,", corpus.rules, "rules")
