"""PKG: building, installing, using and removing the distribution."""

from __future__ import annotations

import os
import re
import stat
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from mrt_testing_kit.artifact import GIVE, GIVE_SOURCE, Artifact, artifact, first_party
from mrt_testing_kit.building import build, unpacked
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.environments import CommandError, pack, run
from mrt_testing_kit.failure import NotRun

_IMPORT = """
import importlib, traceback
failed = {}
for name in GIVEN["modules"]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
print(json.dumps(failed))
"""

_RESOLVE = """
from mrt import ModelType, Runtime
runtime = Runtime()
entry = runtime.registry.get(GIVEN["provider"])
schema = entry.schema
entry.relay
import pkgutil
plugin = pkgutil.resolve_name(GIVEN["value"])
made = {}
for kind in schema.supported_model_types:
    if hasattr(plugin, "model"):
        made[str(kind)] = type(plugin.model(ModelType(kind))).__name__
print(json.dumps({"provider": schema.provider, "models": len(schema.models), "classes": made,
                  "icons": [bool(entry.icon(key)) for key in ("icon_small",) if getattr(schema, key, None)]}))
"""


@check(
    "PKG-01",
    "wheel from sdist equals wheel from tree",
    tier="static",
    fix="Let the sdist hold everything that the wheel is built from.",
)
def pkg_01(ctx: Context) -> None:
    """Whoever builds from the sdist, as distributors do, gets another package than the one that was tested."""
    dist = artifact(ctx)
    if dist.source is None:
        raise NotRun(GIVE_SOURCE)
    try:
        tree = build(dist.source, "wheel", dist.folder / "tree")
        sdist = dist.sdist or build(dist.source, "sdist", dist.folder / "sdist")
        other = build(unpacked(sdist, dist.folder / "again"), "wheel", dist.folder / "from_sdist")
    except LookupError as error:
        raise NotRun(str(error)) from error
    except CommandError as error:
        ctx.fail("it cannot be built", came=str(error))
    one, two = _contents(tree), _contents(other)
    odd = sorted(name for name in {*one, *two} if one.get(name) != two.get(name))
    ctx.expect(not odd, "the wheels from tree and from sdist differ", expected="the same files", came="\n".join(odd))


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/RECORD")}


@check(
    "PKG-02",
    "installs with declared dependencies only, every module imports",
    tier="static",
    bugs=["xorbitsai/inference#1606", "mozilla-ai/any-llm#662", "langgenius/dify-official-plugins#2172"],
    fix="Declare everything that is imported, and put every module and data file into the wheel.",
)
def pkg_02(ctx: Context) -> None:
    """What happens to be installed on the author's machine is missing on the user's."""
    dist = _fresh(ctx)
    failed = dist.script(ctx, _IMPORT, "-B", modules=dist.importable)
    hints = {name: told for name, told in failed.items() if _names_extra(dist, told)}
    wrong = [f"{name}: {told}" for name, told in failed.items() if name not in hints]
    ctx.expect(not wrong, "modules cannot be imported in a fresh environment", came="\n".join(wrong))
    ctx.expect(dist.importable, "there is no module in it")


@check(
    "PKG-03",
    "entry point resolves, class and id agree",
    tier="static",
    fix='Write [project.entry-points."mrt.providers"] name = "package:plugin", and the same name into provider.yaml.',
)
def pkg_03(ctx: Context) -> None:
    """A provider that calls itself otherwise than its entry point cannot be found by either name."""
    dist = artifact(ctx)
    ctx.expect(dist.entry_points, "there is no entry point in the group mrt.providers")
    for provider, value in dist.entry_points.items():
        try:
            found = dist.script(ctx, _RESOLVE, provider=provider, value=value)
        except CommandError as error:
            ctx.fail(f"{provider} = {value} cannot be loaded", came=str(error))
        ctx.equal(found["provider"], provider, "the name in the provider's schema")


@check(
    "PKG-06",
    "works from a read-only, spaced, non-ASCII path",
    tier="static",
    fix="Find files beside __file__ or with importlib.resources, and write nothing into the package.",
)
def pkg_06(ctx: Context) -> None:
    """Folders of users have blanks and umlauts, and system-wide installations cannot be written to."""
    dist = _fresh(ctx)
    folder = dist.folder / "Nur lesen é 只读"
    if not folder.exists():
        with zipfile.ZipFile(str(dist.wheel)) as opened:
            opened.extractall(folder)
        _read_only(folder)
    try:
        dist.environment.pip("uninstall", "--yes", "--quiet", dist.name)
        for provider, value in dist.entry_points.items():
            try:
                found = dist.script(ctx, _RESOLVE, path=(folder,), provider=provider, value=value)
            except CommandError as error:
                ctx.fail(f"{provider} does not work from {folder.name!r}", came=str(error))
            ctx.equal(found["provider"], provider, "the provider's name")
    finally:
        dist.environment.install(str(dist.wheel))
    written = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.suffix == ".tmp"]
    ctx.expect(not written, "it writes into its own package", came="\n".join(written))


def _read_only(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(stat.S_IRUSR | (stat.S_IXUSR if path.is_dir() else 0))


@check(
    "PKG-07",
    "without extras: reported unavailable, with a hint",
    tier="static",
    bugs=["xorbitsai/inference#2649", "pydantic/pydantic-ai#3652"],
    fix="Import what an extra brings inside of the method, and raise an error with: pip install 'mrt-acme[extra]'.",
)
def pkg_07(ctx: Context) -> None:
    """A plugin that cannot be imported without an extra that nobody asked for is broken for everybody else."""
    dist = artifact(ctx)
    if not dist.extras:
        ctx.not_applicable("it has no extras")
    _fresh(ctx)
    failed = dist.script(ctx, _IMPORT, "-B", modules=dist.importable)
    wrong = [f"{name}: {told}" for name, told in failed.items() if not _names_extra(dist, told)]
    ctx.expect(not wrong, "modules fail without extras, and do not say which one", came="\n".join(wrong))
    for provider, value in dist.entry_points.items():
        try:
            dist.script(ctx, _RESOLVE, provider=provider, value=value)
        except CommandError as error:
            ctx.expect(_names_extra(dist, str(error)), f"{provider} is broken without extras", came=str(error))


def _names_extra(dist: Artifact, told: str) -> bool:
    name = re.escape(dist.name).replace(r"\-", "[-_.]")
    return any(re.search(rf"(?i){name}\[[^\]]*{re.escape(extra)}", told) for extra in dist.extras)


@check(
    "PKG-09",
    "pip check with all first-party plugins",
    tier="static",
    bugs=["langgenius/dify-official-plugins#2685"],
    fix="Widen the bounds that pip names: plugins of one host share one environment.",
)
def pkg_09(ctx: Context) -> None:
    """A host installs many plugins into one environment: one that insists on its own versions comes alone."""
    dist = _fresh(ctx)
    others = first_party(dist.name)
    missing = pack(others, dist.house)
    try:
        if others and not missing:
            dist.environment.install(*others)
        dist.environment.pip("check")
    except CommandError as error:
        ctx.fail(f"it does not fit beside {', '.join(others) or 'its own dependencies'}", came=str(error))


@check(
    "PKG-17",
    "reinstall and uninstall are clean",
    tier="static",
    fix="Write nothing into the installed package; what is cached belongs into the user's cache folder.",
)
def pkg_17(ctx: Context) -> None:
    """What stays behind is found by the next discovery, and shadows the next version."""
    dist = _fresh(ctx)
    fresh = dist.environment
    for provider, value in dist.entry_points.items():
        dist.script(ctx, _RESOLVE, provider=provider, value=value)
    try:
        fresh.pip("uninstall", "--yes", "--quiet", dist.name)
        left = [package for package in dist.packages if (fresh.site / package).exists()]
        files = [str(file) for package in left for file in (fresh.site / package).rglob("*") if file.is_file()]
        ctx.expect(not left, "files stay behind", expected="nothing", came="\n".join(files) or ", ".join(left))
    finally:
        fresh.install(str(dist.wheel))
    for provider, value in dist.entry_points.items():
        dist.script(ctx, _RESOLVE, provider=provider, value=value)


@check(
    "PKG-19",
    "a typed consumer's sample checks",
    tier="static",
    bugs=["deepset-ai/haystack-core-integrations#2458", "run-llama/llama_index#12351"],
    fix="Ship py.typed and annotate what is public.",
)
def pkg_19(ctx: Context) -> None:
    """Without py.typed every type of the plugin is Any, and mistakes of its callers stay unseen."""
    dist = artifact(ctx)
    for package in dist.packages:
        ctx.expect(f"{package}/py.typed" in dist.files, f"{package} has no py.typed")
    if not find_spec("mypy"):
        return
    python = dist.python(ctx)
    sample = dist.folder / "consumer.py"
    lines = [f"import {name}" for name in dist.packages]
    lines += [
        f"from {value.partition(':')[0]} import {value.partition(':')[2]}"
        for value in dist.entry_points.values()
        if ":" in value
    ]
    sample.write_text("\n".join([*lines, ""]), "utf-8")
    words = ("-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent", "--cache-dir", os.devnull)
    try:
        run(sys.executable, *words, "--python-executable", python, sample, cwd=dist.folder)
    except CommandError as error:
        ctx.fail("a program that uses it does not type-check", came=str(error))


def _fresh(ctx: Context) -> Artifact:
    """Return the distribution, installed into an environment of its own."""
    dist = artifact(ctx)
    if not dist.is_fresh:
        raise NotRun(GIVE)
    dist.python(ctx)
    return dist
