"""SCH: the YAML files."""

from __future__ import annotations

from pathlib import Path

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context


@check(
    "SCH-01",
    "strict YAML, duplicate keys refused",
    tier="static",
    bugs=["langgenius/dify-official-plugins#2113"],
    fix="Run `mrt lint` on the folder; it names file, line and key.",
)
def sch_01(ctx: Context) -> None:
    """A file that does not parse hides a model from everybody; a key that stands twice silently loses one value."""
    path = ctx.runtime.registry.get(ctx.target.name).schema_path
    if path is None:
        ctx.not_applicable("the provider is described in code and has no provider.yaml")
    from mrt.schema import lint

    errors = [finding for finding in lint(Path(path).parent) if finding.severity == "error"]
    ctx.expect(not errors, "the YAML files have errors", expected="none", came="\n".join(map(str, errors)))
