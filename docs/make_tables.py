"""Writes the table of plugins into the README: ``python docs/make_tables.py [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from mrt.registry import Registry

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- table of plugins: begin -->", "<!-- table of plugins: end -->"


def plugins() -> list[str]:
    """Return the names of the providers that this repository brings."""
    files = ROOT.glob("plugins/*/src/*/provider.yaml")
    lines = (line for file in files for line in file.read_text("utf-8").splitlines())
    return sorted(line.removeprefix("provider:").strip() for line in lines if line.startswith("provider:"))


def table() -> str:
    """Return the table as Markdown, made from what the plugins say of themselves."""
    registry = Registry()
    lines = ["| install | provider | model types | models | credentials |", "|---|---|---|---|---|"]
    for name in plugins():
        entry = registry.get(name)
        schema = entry.schema
        methods = {
            "predefined-model": f"{len([model for model in schema.models if not model.deprecated])} predefined",
            "customizable-model": "any of yours",
        }
        models = ", ".join(methods[method.value] for method in schema.configurate_methods if method.value in methods)
        fields = schema.credential_form("model") or schema.credential_form()
        shown = [f"`{field.variable}`" + ("" if field.required else "?") for field in fields]
        if len(shown) > 4:
            shown = [*shown[:4], "…"]
        types = ", ".join(kind.value for kind in schema.supported_model_types)
        lines.append(f"| `pip install {entry.distribution}` | `{name}` | {types} | {models} | {', '.join(shown)} |")
    note = "A `?` marks an optional credential. All model types work sync and async; llm and tts also stream."
    return "\n".join([*lines, "", note])


def rendered(readme: str) -> str:
    """Return the README with the table of today."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Write the table, or check that it is the one in the README."""
    path = ROOT / "README.md"
    now = path.read_text("utf-8")
    wanted = rendered(now)
    if "--check" in sys.argv:
        if now != wanted:
            print("the table of plugins in README.md is old: run python docs/make_tables.py", file=sys.stderr)
            return 1
        return 0
    path.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
