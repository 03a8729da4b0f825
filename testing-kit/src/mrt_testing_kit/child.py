"""Calls of the provider in a process of their own, with an environment that stands from its start."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mrt_testing_kit.catalogue import Way
from mrt_testing_kit.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mrt_testing_kit.context import Context

# What is asked comes through stdin, where nobody else can read the credentials.
_ONE_CALL = """
import asyncio, base64, json, pkgutil, sys
import mrt
asked = json.load(sys.stdin)
runtime = mrt.Runtime(load_entry_points=False, trust_env=True, timeouts=mrt.Timeouts(*[10.0] * 4))
name = runtime.register(pkgutil.resolve_name(asked["plugin"]), asked["name"])
handle = getattr(runtime, asked["kind"])(f"{name}/{asked['model']}", asked["credentials"])
arguments = [base64.b64decode(item["bytes"]) if isinstance(item, dict) else item for item in asked["arguments"]]

async def collected():
    async for _ in handle.astream(*arguments):
        pass

try:
    if asked["way"] == "validate":
        handle.validate_credentials()
    elif asked["way"] == "sync":
        handle.invoke(*arguments)
    elif asked["way"] == "async":
        asyncio.run(handle.ainvoke(*arguments))
    elif asked["way"] == "stream":
        list(handle.stream(*arguments))
    else:
        asyncio.run(collected())
except Exception as error:
    print(type(error).__name__, error)
"""


def source(ctx: Context) -> str:
    """Return where another process finds the provider.

    Raises:
        NotApplicable: Nowhere: it is an object of this one.
    """
    plugin, name = ctx.target.plugin, ctx.target.source
    if ":" in name:
        return name
    found = plugin.__name__ if isinstance(plugin, ModuleType) else getattr(plugin, "package", "")
    if not name or not found:
        ctx.not_applicable("another process cannot find the provider: name it as module:attribute")
    return f"{found}:plugin" if hasattr(sys.modules.get(found), "plugin") else str(found)


def start(ctx: Context, code: str, environment: Mapping[str, str] | None = None, **asked: Any) -> subprocess.Popen[str]:
    """Start a Python process that runs code, and give it what is asked: plugin, name, kind, model, credentials."""
    whole = {
        "plugin": source(ctx),
        "name": ctx.target.name,
        "kind": (ctx.kind or "llm").replace("-", "_"),
        "model": ctx.model,
        "credentials": ctx.credentials(),
        **asked,
    }
    path = os.pathsep.join(path for path in sys.path if path)
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, **(environment or {})},
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(whole))
    child.stdin.close()
    child.stdin = None
    return child


def call(ctx: Context, job: Job, way: Way | str, credentials: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Make one call in a process of its own.

    Args:
        ctx: The check.
        job: The call.
        way: How it is made, or ``validate``.
        credentials: Its credentials.
        environment: What stands in the environment from the start of the process.

    Returns:
        The error that it raised; empty when it raised none.
    """
    arguments = [
        {"bytes": base64.b64encode(item).decode()} if isinstance(item, bytes) else item for item in job.arguments
    ]
    child = start(ctx, _ONE_CALL, environment, credentials=dict(credentials), way=way, arguments=arguments)
    try:
        said, complained = child.communicate(timeout=ctx.seconds(25))
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return "no end within 25 s"
    return said.strip() if child.returncode == 0 else complained[-300:]
