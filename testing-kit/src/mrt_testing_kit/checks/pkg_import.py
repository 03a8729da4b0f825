"""PKG: what happens when the distribution is found and imported, each time in a process of its own."""

from __future__ import annotations

from mrt_testing_kit.artifact import artifact
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.environments import CommandError

_DISCOVER = """
from mrt import Runtime
runtime = Runtime()
names = runtime.registry.names()
entry = runtime.registry.get(GIVEN["provider"])
entry.name, entry.schema_path
print(json.dumps({"listed": names, "imported": sorted(sys.modules)}))
"""

_EFFECTS = """
import importlib, logging, os, threading, warnings
import mrt, mrt.entities.llm, mrt.http, mrt.plugin, mrt.schema, mrt.errors, mrt.runtime
import asyncio, concurrent.futures, multiprocessing
seen = []
WATCHED = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.fork",
           "os.putenv", "os.unsetenv", "os.mkdir", "os.remove", "os.rename", "tempfile.mkstemp", "tempfile.mkdtemp"}
def hook(event, args):
    if event == "open":
        path, mode, flags = (*args, None, None, None)[:3]
        writes = isinstance(mode, str) and any(sign in mode for sign in "wax+")
        writes = writes or (mode is None and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR))
        if writes and "__pycache__" not in str(path) and str(path) != os.devnull:
            seen.append(f"writes {path}")
    elif event in WATCHED and "__pycache__" not in str(args):
        seen.append(f"{event} {str(args)[:200]}")
def state():
    root = logging.getLogger()
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "environment": dict(os.environ),
        "handlers": [repr(handler) for handler in root.handlers],
        "level": root.level,
        "disabled": logging.root.manager.disable,
        "folder": os.getcwd(),
        "recursion": sys.getrecursionlimit(),
        "hooks": [repr(sys.excepthook), repr(threading.excepthook)],
        "loop": type(asyncio.get_event_loop_policy()).__name__ if sys.version_info < (3, 14) else "",
    }
before = state()
sys.addaudithook(hook)
failed = {}
for name in GIVEN["modules"]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
after = state()
changed = [f"{key}: {before[key]!r} became {after[key]!r}"[:400] for key in before if before[key] != after[key]]
print(json.dumps({"effects": seen + changed}))
"""

_WARNINGS = """
import importlib, warnings
import mrt, mrt.plugin, mrt.schema, mrt.http
warnings.simplefilter("error")
for name in GIVEN["modules"]:
    try:
        importlib.import_module(name)
    except ImportError:
        continue
print("{}")
"""

_BESIDE = """
from mrt import Runtime
runtime = Runtime()
failures = [str(failure) for failure in runtime.registry.check()]
listed = runtime.registry.names()
error = ""
try:
    entry = runtime.registry.get(GIVEN["provider"])
    name = entry.schema.provider
except Exception as problem:
    name, error = "", f"{type(problem).__name__}: {problem}"
print(json.dumps({"name": name, "listed": listed, "error": error, "failures": failures}))
"""

_CRASHES = ("raise RuntimeError('broken')", "raise SystemExit(3)", "def (", "import no_such_sdk")


@check(
    "PKG-04",
    "discovery imports no SDK, import has no side effect",
    tier="static",
    bugs=["BerriAI/litellm#9999", "BerriAI/litellm#9787", "mozilla-ai/any-llm#1071"],
    fix="Import the SDK inside of the methods that use it, and do nothing at the top of a module but define.",
)
def pkg_04(ctx: Context) -> None:
    """A host that only lists providers must not load vendor code; an import that connects, hangs without a network."""
    dist = artifact(ctx)
    for provider in dist.entry_points:
        found = dist.script(ctx, _DISCOVER, provider=provider)
        ctx.expect(provider in found["listed"], f"{provider} is not listed", came=found["listed"])
        loaded = [name for name in found["imported"] if name.split(".")[0] in dist.packages]
        ctx.expect(
            not loaded, "listing providers imports the plugin", expected="no module of it", came=", ".join(loaded)
        )
    effects = dist.script(ctx, _EFFECTS, "-B", modules=dist.importable)["effects"]
    ctx.expect(
        not effects, "importing the plugin does something", expected="nothing but definitions", came="\n".join(effects)
    )


@check(
    "PKG-14",
    "duplicate provider id is reported",
    tier="static",
    fix="Name the provider after the vendor, and let core find it by its entry point; register nothing by hand.",
)
def pkg_14(ctx: Context) -> None:
    """When two distributions claim one name, a silent winner sends prompts and keys to the wrong vendor."""
    dist = artifact(ctx)
    for provider in dist.entry_points:
        folder = dist.intruder("other-plugin", {provider: "mrt_other_plugin:plugin"})
        found = dist.script(ctx, _BESIDE, path=(folder,), provider=provider)
        told = [line for line in [found["error"], *found["failures"]] if dist.name in line and "other-plugin" in line]
        ctx.expect(
            told,
            f"two distributions provide {provider}, and nobody is told",
            expected="an error that names both",
            came=found,
        )


@check(
    "PKG-15",
    "works beside a plugin that crashes",
    tier="static",
    bugs=["simonw/llm#1280"],
    fix="Load nothing of other plugins, and let core find the provider by its entry point.",
)
def pkg_15(ctx: Context) -> None:
    """One broken plugin must not take the others with it."""
    dist = artifact(ctx)
    for provider in dist.entry_points:
        for number, crash in enumerate(
            ("raise RuntimeError('broken')", "raise SystemExit(3)", "def (", "import no_such_sdk")
        ):
            folder = dist.intruder(f"crash-{number}", {f"crash-{number}": f"mrt_crash_{number}:plugin"}, crash)
            found = dist.script(ctx, _BESIDE, path=(folder,), provider=provider)
            ctx.expect(found["name"], f"beside a plugin with {crash!r} it does not work", came=found["error"])


@check(
    "PKG-20",
    "imports with warnings as errors",
    tier="static",
    fix="Mend what the warning names: it is what the next version of Python or of a dependency takes away.",
)
def pkg_20(ctx: Context) -> None:
    """A warning at import is an error in every project that treats warnings so."""
    dist = artifact(ctx)
    try:
        dist.script(ctx, _WARNINGS, "-B", modules=dist.importable)
    except CommandError as error:
        ctx.fail("importing the plugin warns", expected="no warning", came=str(error))
