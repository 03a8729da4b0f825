"""PKG: what is in the distribution."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import tempfile
from pathlib import Path

from mrt.schema import lint
from mrt_testing_kit.artifact import Artifact, artifact
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.environments import CommandError, normal, run

MOST_BYTES = 10_000_000
_UNWANTED = re.compile(
    r"(^|/)(tests?|\.?venv|node_modules|__pycache__|\.git|\.hypothesis|\.[a-z]+_cache)/|\.py[cod]$|(^|/)\.env(\.|$)|"
    r"(^|/)(\.DS_Store|id_rsa|id_ed25519|\.netrc|\.pypirc)$|\.(pem|key|p12|pfx)$"
)
_SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bghp_[A-Za-z0-9]{36}\b|"
    rb"\bsk-(?:proj-|ant-)?(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{40,}"
)
_FILES = frozenset(
    {"missing-icon", "not-an-image", "missing-position", "empty-glob", "no-files", "unreadable", "unreached-model"}
)


@check(
    "PKG-05",
    "data, icons, py.typed and licence are inside",
    tier="static",
    bugs=["xorbitsai/inference#1606", "deepset-ai/haystack-core-integrations#2458"],
    fix="Make the build take every file of the package: YAML, _assets, py.typed; name the licence in license-files.",
)
def pkg_05(ctx: Context) -> None:
    """What works from the source folder fails for users when the wheel lacks a folder of data."""
    dist = artifact(ctx)
    names = set(dist.files)
    for package in dist.packages:
        ctx.expect(f"{package}/py.typed" in names, f"{package} has no py.typed, so that its types are ignored")
    licences = [n for n in names if ".dist-info/" in n and re.search(r"(?i)(licen[cs]e|copying)", n.rpartition("/")[2])]
    ctx.expect(licences, "the licence's text is not in the distribution", expected="a file LICENSE in .dist-info")
    with tempfile.TemporaryDirectory(prefix="mrt-files-") as folder:
        for name, data in dist.files.items():
            target = Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        found = [str(finding) for finding in lint(folder) if finding.code in _FILES]
        ctx.expect(not found or not _described(dist), "files that the YAML names are missing", came="\n".join(found))
    _compare_with_source(ctx, dist)


def _described(dist: Artifact) -> bool:
    # A provider that is described in code has no file to look into.
    return any(name.endswith("provider.yaml") for name in dist.files)


def _compare_with_source(ctx: Context, dist: Artifact) -> None:
    for package in dist.packages if dist.source is not None else ():
        for home in (dist.source / "src", dist.source) if dist.source is not None else ():
            root = home / package
            if not root.is_dir():
                continue
            there = {
                file.relative_to(home).as_posix()
                for file in root.rglob("*")
                if file.is_file() and not _UNWANTED.search(file.relative_to(home).as_posix())
            }
            lost = sorted(there - set(dist.files))
            ctx.expect(not lost, "files of the package are not in the wheel", came="\n".join(lost))
            break


@check(
    "PKG-08",
    "requirements leave room, and have a lower bound",
    tier="static",
    bugs=["langgenius/dify-official-plugins#2685", "langgenius/dify-official-plugins#2559", "mozilla-ai/any-llm#1020"],
    fix="Write the oldest version that you test with: mrt-core>=0.1,<0.2; pin no exact versions in a library.",
)
def pkg_08(ctx: Context) -> None:
    """An exact pin cannot be installed beside another plugin's, and without a lower bound an old version breaks it."""
    from packaging.requirements import Requirement
    from packaging.version import Version

    for line in artifact(ctx).requires:
        need = Requirement(line)
        ctx.expect(need.url is None, f"{line}: is fetched from an address of its own", expected="a version")
        exact = [
            str(part) for part in need.specifier if part.operator in ("==", "===") and not part.version.endswith("*")
        ]
        ctx.expect(
            not exact, f"{line}: is pinned to one version", expected="a lower bound, and an upper one if need be"
        )
        lower = [Version(p.version.removesuffix(".*")) for p in need.specifier if p.operator in (">=", "~=", ">", "==")]
        ctx.expect(lower, f"{line}: has no lower bound", expected=f"{need.name}>=...")
        upper = [Version(p.version) for p in need.specifier if p.operator in ("<", "<=")]
        ctx.expect(not upper or max(lower) < min(upper), f"{line}: no version fits")


@check(
    "PKG-10",
    "licence metadata",
    tier="static",
    fix='Write license = "MIT" (or another SPDX expression) and license-files into pyproject.toml.',
)
def pkg_10(ctx: Context) -> None:
    """Without a licence nobody may use it, and tools that look for one refuse it."""
    facts = artifact(ctx).metadata
    expression, text = facts["License-Expression"], facts["License"]
    classifiers = [line for line in facts.get_all("Classifier", []) if line.startswith("License ::")]
    ctx.expect(expression or text or classifiers, "the metadata name no licence", expected="License-Expression")
    ctx.expect(facts["Summary"], "the metadata have no description")
    ctx.expect(str(facts.get_payload() or "").strip() or facts["Description"], "the metadata have no README")


@check(
    "PKG-11",
    "lowest and highest Python",
    tier="static",
    bugs=["simonw/llm-replicate#26"],
    fix='Write requires-python = ">=3.11" without an upper bound, and run the tests on the oldest and the newest.',
)
def pkg_11(ctx: Context) -> None:
    """Code in newer words than the oldest Python knows cannot even be imported there."""
    from packaging.specifiers import SpecifierSet

    dist = artifact(ctx)
    told = dist.metadata["Requires-Python"]
    ctx.expect(told, "the metadata do not say which Python it needs", expected='requires-python = ">=3.11"')
    wanted = SpecifierSet(str(told))
    upper = [str(part) for part in wanted if part.operator in ("<", "<=", "==", "~=")]
    ctx.expect(not upper, f"Requires-Python {told} shuts out newer versions", expected="a lower bound alone")
    low = next((minor for minor in range(8, 15) if f"3.{minor}.99" in wanted), 11)
    for name, text in dist.modules.items():
        try:
            ast.parse(text, feature_version=(3, low))
        except SyntaxError as error:
            ctx.fail(f"{name} is no Python 3.{low}, which {told} lets in: {error}")
    with tempfile.TemporaryDirectory(prefix="mrt-python-") as folder:
        for number, text in enumerate(dist.modules.values()):
            (Path(folder) / f"m{number}.py").write_text(text, "utf-8")
        for minor in range(low, 16):
            other = _interpreter(minor)
            if other is not None and f"3.{minor}.0" in wanted:
                try:
                    run(other, "-m", "compileall", "-q", folder)
                except CommandError as error:
                    ctx.fail(f"it does not compile with Python 3.{minor}", came=str(error))


def _interpreter(minor: int) -> str | None:
    found = shutil.which(f"python3.{minor}")
    try:
        # Version managers leave commands behind that only say what is missing.
        return found if found and run(found, "-c", "print(1)") else None
    except CommandError:
        return None


@check(
    "PKG-12",
    "no stray top-level packages",
    tier="static",
    fix="Let the build take the plugin's own package alone: tests, docs and examples stay outside of the wheel.",
)
def pkg_12(ctx: Context) -> None:
    """A package named tests or utils overwrites the one of another distribution."""
    dist = artifact(ctx)
    own = {normal(dist.name).replace("-", "_"), *dist.packages}
    top = {name.split("/")[0] for name in dist.files if not re.match(r"[^/]+\.(dist-info|data)/", name)}
    stray = sorted(name for name in top if name.removesuffix(".py").lstrip("_") not in own)
    ctx.expect(
        not stray, "the distribution brings more than its own package", expected=sorted(own), came=", ".join(stray)
    )


@check(
    "PKG-13",
    "no environment, secrets or tests; size cap",
    tier="static",
    fix="Name in pyproject.toml what goes into the wheel, in place of what does not.",
)
def pkg_13(ctx: Context) -> None:
    """What was lying about is published for ever, keys included."""
    dist = artifact(ctx)
    names = [name for name in dist.files if ".dist-info/" not in name and _UNWANTED.search(name)]
    ctx.expect(not names, "files do not belong into a distribution", came="\n".join(names[:20]))
    secrets = [name for name, data in dist.files.items() if _SECRETS.search(data)]
    ctx.expect(not secrets, "files hold what looks like a key", came="\n".join(secrets))
    size = sum(map(len, dist.files.values()))
    ctx.expect(size <= MOST_BYTES, f"the distribution has {size:,} bytes", expected=f"at most {MOST_BYTES:,}")


@check(
    "PKG-16",
    "only public MRT imports",
    tier="static",
    fix="Import from mrt, or from modules and names of it without an underscore; ask for what is missing.",
)
def pkg_16(ctx: Context) -> None:
    """What is private may be gone with the next patch of core, and the plugin with it."""
    for module, tree in artifact(ctx).trees():
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"]
            for name in names:
                root, *parts = name.split(".")
                if root != "mrt":
                    continue
                place = f"{module}, line {getattr(node, 'lineno', 0)}"
                private = [part for part in parts if part.startswith("_") and not part.endswith("__")]
                ctx.expect(not private, f"{place}: {name} is private", expected="public names of mrt")
                ctx.expect(parts[:1] != ["cli"], f"{place}: {name} belongs to the command line", expected="mrt.*")
                ctx.expect(_exists(name), f"{place}: there is no {name} in this version of mrt-core")


def _exists(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        return len(parts) - cut <= 1 and all(hasattr(found, part) for part in parts[cut:])
    return False


@check(
    "PKG-18",
    "version is single-sourced",
    tier="static",
    fix="Keep the version in one place: read __version__ with importlib.metadata, or let the build read it from there.",
)
def pkg_18(ctx: Context) -> None:
    """Two versions drift apart, and reports name the wrong one."""
    dist = artifact(ctx)
    version = str(dist.metadata["Version"])
    for module, tree in dist.trees():
        for node in tree.body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            value = getattr(node, "value", None)
            if names & {"__version__", "VERSION"} and module in dist.packages and isinstance(value, ast.Constant):
                ctx.equal(value.value, version, f"the version in {module}")
    if dist.wheel is not None:
        ctx.equal(dist.wheel.name.split("-")[1], version.replace("-", "_"), "the version in the wheel's name")
    info = {name.split("/")[0] for name in dist.files if re.match(r"[^/]+\.dist-info/", name)}
    ctx.equal(len(info), 1, "the number of .dist-info folders")
