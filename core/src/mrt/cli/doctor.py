"""``mrt doctor``: check the installation and every plugin."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Any

from mrt.cli.options import verb
from mrt.cli.output import paragraph, table, write, write_json
from mrt.cli.session import Session

if TYPE_CHECKING:
    from mrt.registry import PluginFailure, ProviderEntry, Registry

DISTRIBUTION = "mrt-core"
CONFLICT = "uninstall all but one of them, or disable one with MRT_DISABLED_PLUGINS"
ADVICE = {
    "discover": "install it again",
    "schema": "run `mrt lint` on its provider.yaml, and tell its author",
    "import": "install what it lacks, or upgrade it; its author can mend the rest",
    "register": "tell its author which hook is wrong",
    "api": "upgrade what the reason names",
    "models": "install what it lacks, or upgrade it; its author can mend the rest",
}


@verb("doctor")
def command(session: Session) -> int:
    """Check the installation and every plugin.

    Every plugin is imported, each on its own. The exit code is 1 when a plugin does not work.
    """
    registry = session.registry
    problems = [_problem(failure) for failure in registry.check()]
    plugins: list[dict[str, Any]] = []
    for summary in registry.listing():
        broken = _check_models(registry.get(summary.name))
        problems += broken
        failed = bool(broken) or any(problem["provider"] == summary.name for problem in problems)
        plugins.append(
            {
                "provider": summary.name,
                "distribution": summary.distribution,
                "version": summary.version,
                "status": "failed" if failed else "ok",
            }
        )
    listed = {plugin["provider"] for plugin in plugins}
    unlisted = {problem["provider"]: problem for problem in problems if problem["provider"] not in listed}
    plugins += [
        {**{key: problem[key] for key in ("provider", "distribution", "version")}, "status": "failed"}
        for problem in unlisted.values()
    ]
    plugins += [_disabled(registry, name) for name in registry.disabled()]
    report = {"system": _system(), "plugins": sorted(plugins, key=lambda plugin: plugin["provider"])}
    if session.as_json:
        write_json({**report, "failures": problems})
    else:
        _print(report, problems)
        if not plugins:
            session.reporter.note("no provider is installed; each vendor is a plugin: pip install mrt-<vendor>")
    return 1 if problems else 0


def _system() -> dict[str, Any]:
    from mrt import __version__
    from mrt.hookspecs import MRT_API, SUPPORTED_APIS

    spoken = ", ".join(map(str, sorted(SUPPORTED_APIS)))
    facts = {
        "Python": f"{platform.python_version()} ({sys.executable})",
        "MRT": __version__,
        "plugin API": f"{MRT_API} (speaks {spoken})",
    }
    for name in _requirements():
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            facts[name] = "not installed"
    return facts


def _requirements() -> list[str]:
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    names = [line for line in lines if "extra ==" not in line]
    letters = "-_."
    return sorted("".join(_take(line, letters)) for line in names)


def _take(line: str, letters: str) -> str:
    end = next((place for place, letter in enumerate(line) if not (letter.isalnum() or letter in letters)), len(line))
    return line[:end]


def _problem(failure: PluginFailure) -> dict[str, Any]:
    conflict = failure.phase == "discover" and "bring a provider" in str(failure.error)
    return {
        "provider": failure.provider,
        "distribution": failure.distribution,
        "version": failure.version,
        "phase": failure.phase,
        "reason": str(failure),
        "advice": CONFLICT if conflict else ADVICE[failure.phase],
    }


def _check_models(entry: ProviderEntry) -> list[dict[str, Any]]:
    """Import the classes of a plugin's models, which come after the plugin itself."""
    from mrt.errors import MRTError
    from mrt.plugin.provider import Provider

    try:
        kinds = entry.schema.supported_model_types
        plugins = [plugin for plugin in entry.relay.manager.get_plugins() if isinstance(plugin, Provider)]
    except MRTError:
        return []
    problems: list[dict[str, Any]] = []
    for plugin in plugins:
        for kind in kinds:
            try:
                plugin.model(kind)
            except MRTError as error:
                problems.append(
                    {
                        "provider": entry.name,
                        "distribution": entry.distribution,
                        "version": entry.version,
                        "phase": "models",
                        "reason": f"{kind.value}: {error}",
                        "advice": ADVICE["models"],
                    }
                )
    return problems


def _disabled(registry: Registry, name: str) -> dict[str, Any]:
    return {"provider": name, "distribution": "", "version": "", "status": "disabled"}


def _print(report: dict[str, Any], problems: list[dict[str, Any]]) -> None:
    write(table(list(report["system"].items())))
    if report["plugins"]:
        rows = [
            (plugin["status"], plugin["provider"], f"{plugin['distribution']} {plugin['version']}".strip())
            for plugin in report["plugins"]
        ]
        write("\n" + table(rows, ("STATUS", "PROVIDER", "DISTRIBUTION")))
    for problem in problems:
        head = f"{problem['provider']} ({problem['distribution']} {problem['version']}), phase {problem['phase']}"
        advice = paragraph(f"What to do: {problem['advice']}", "    ")
        write(f"\n{head}\n{paragraph(problem['reason'], '    ')}\n{advice}")
