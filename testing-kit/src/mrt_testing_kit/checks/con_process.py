"""CON: child processes, the end of a process, and what a call changes in its own one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, cast

from mrt_testing_kit import child as child_process, inside
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.crowd import judge_one
from mrt_testing_kit.given import key_field
from mrt_testing_kit.jobs import Job, jobs

_ASKED = ("Another question in a stream.", "One more question in a stream.")
_PLAIN = (str, bytes, int, float, bool, type(None), tuple, frozenset)

# Runs in a process of its own; the credentials come through stdin, where nobody else can read them.
_CHILD = """
import asyncio, json, pkgutil, sys
import mrt
asked = json.load(sys.stdin)
runtime = mrt.Runtime(load_entry_points=False, trust_env=False)
name = runtime.register(pkgutil.resolve_name(asked["plugin"]), asked["name"])
handle = getattr(runtime, asked["kind"])(f"{name}/{asked['model']}", asked["credentials"])
if asked["kind"] == "llm":
    print(json.dumps(handle.invoke(asked["prompt"]).text), flush=True)
    stream = handle.stream(asked["prompt"])
    next(stream)
    asyncio.run(handle.ainvoke(asked["prompt"]))
else:
    handle.schema
    print(json.dumps("made"), flush=True)
print("done", flush=True)
"""


def _start(ctx: Context, prompt: str) -> subprocess.Popen[str]:
    return child_process.start(ctx, _CHILD, prompt=prompt)


@check(
    "CON-09",
    "fork and spawn",
    tier="deep",
    model_types=["llm"],
    fix="Open connections at the first call, and forget those of another process (os.getpid()).",
)
def con_09(ctx: Context) -> None:
    """Servers fork after they have made a call; two processes on one socket read each other's answers."""
    if hasattr(os, "fork"):
        _judge_fork(ctx)
    prompt = "Case 900 is here."
    child = _start(ctx, prompt)
    try:
        out, errors = child.communicate(timeout=ctx.seconds(25))
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        ctx.fail("a call in a new process does not end", expected="an answer")
    ctx.expect(child.returncode == 0, "a call in a new process failed", expected="an answer", came=errors[-600:])
    ctx.equal(json.loads(out.splitlines()[0]), ctx.oracle.reply(prompt), "the answer in a new process")


def _judge_fork(ctx: Context) -> None:
    work = jobs(ctx, 5)
    handle = ctx.handle()
    judge_one(ctx, work[0], handle.invoke(*work[0].arguments), "before the fork")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of the parent's may run here: no clean-up, no test framework.
        os._exit(_in_child(handle, work[1], work[2], writer))
    os.close(writer)
    judge_one(ctx, work[3], handle.invoke(*work[3].arguments), "in the parent, meanwhile")
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    ctx.equal(said, "fine", "what the forked process got")
    ctx.equal(status, 0, "how the forked process ended")
    judge_one(ctx, work[4], handle.invoke(*work[4].arguments), "in the parent, after the child's end")
    carried: dict[int, set[bool]] = {}
    for request in ctx.server.requests:
        by_child = any(job.mark.encode() in request.body for job in work[1:3])
        carried.setdefault(request.connection, set()).add(by_child)
    mixed = [id for id, sides in carried.items() if len(sides) > 1]
    ctx.expect(not mixed, "parent and child used one connection", expected="connections of their own")


def _in_child(handle: Any, first: Job, second: Job, writer: int) -> int:
    said = "fine"
    try:
        for job in (first, second):
            wrong = job.judge(handle.invoke(*job.arguments))
            said = wrong or said
    except BaseException as error:
        said = repr(error)
    os.write(writer, said.encode())
    return 0


@check(
    "CON-14",
    "exits in time",
    model_types=["llm"],
    fix="Make helper threads daemons, or end them at exit; do not wait for connections in __del__.",
)
def con_14(ctx: Context) -> None:
    """A script that is done and does not end blocks every pipeline that it stands in."""
    child = _start(ctx, "Say hello.")
    assert child.stdout is not None
    lines = [child.stdout.readline(), child.stdout.readline()]
    started = time.monotonic()
    try:
        _, errors = child.communicate(timeout=ctx.seconds(10))
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        ctx.fail(
            "the process does not end although its work is done",
            expected="an end within 2 seconds",
            came="none within 10",
        )
    ctx.expect(
        "done" in lines[1],
        "a call in a process of its own failed",
        expected="an answer",
        came=f"{lines} {errors[-600:]}",
    )
    ctx.equal(
        child.returncode, 0, f"the exit code of a process that made calls ({time.monotonic() - started:.1f} s later)"
    )
    ctx.expect(
        "Traceback" not in errors and "Exception ignored" not in errors,
        "the end of the process is noisy",
        came=errors[-600:],
    )


@check(
    "CON-10",
    "no module or class mutation",
    bugs=["langchain-ai/langchain-litellm#161"],
    fix="Put what belongs to a call into local variables or into objects of that call.",
)
def con_10(ctx: Context) -> None:
    """What a call writes on a module or a class is there for the next call, of somebody else."""
    key_field(ctx)
    owners = inside.packages(ctx)
    work = jobs(ctx, 4)
    handle = ctx.handle()
    for job in work[:2]:
        judge_one(ctx, job, handle.invoke(*job.arguments), "before the snapshot")
    ctx.run(handle.ainvoke(*work[0].arguments))
    before = _snapshot(owners)
    for job in work[2:]:
        judge_one(ctx, job, handle.invoke(*job.arguments), "after the snapshot")
    ctx.run(handle.ainvoke(*work[3].arguments))
    if ctx.kind == "llm":
        ctx.chat(_ASKED[0], way="stream").ok()
        ctx.run(_collect(handle.astream(_ASKED[1])))
    for place, value in inside.process_state().items():
        ctx.equal(value, ctx.session.process[place], f"{place}, which all code of the process shares, after calls")
    after = _snapshot(owners)
    for place, value in after.items():
        if place in before:
            ctx.equal(value, before[place], f"{place} after a call")
        elif value is not _LAZY:
            ctx.fail(f"a call sets {place}", expected="nothing that is shared", came=repr(value))
    _judge_instances(ctx, owners, [*(job.mark for job in work if job.mark), *_ASKED])
    for name, module in list(sys.modules.items()):
        if name.startswith("mrt_testing_kit") and not inside.belongs(name, owners):
            continue
        for attribute, value in list(vars(module).items()):
            if isinstance(value, str) and ctx.secret_in(value) is not None:
                ctx.fail(f"the key stands in {name}.{attribute} after a call", expected="no key on any module")


async def _collect(stream: Any) -> None:
    async with stream:
        async for _ in stream:
            pass


_LAZY = object()


def _snapshot(owners: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, module in inside.modules(owners).items():
        for attribute, value in list(vars(module).items()):
            if isinstance(value, type) and value.__module__ == name:
                for inner, held in list(vars(value).items()):
                    # `__abstractmethods__`, `_abc_impl` and their like are Python's own.
                    if not inner.startswith("__") and inner != "_abc_impl":
                        found[f"{name}.{attribute}.{inner}"] = _shown(held)
            elif not attribute.startswith("__"):
                found[f"{name}.{attribute}"] = _shown(value)
    return {place: value for place, value in found.items() if value is not _LAZY}


def _shown(value: Any) -> Any:
    # Objects may be built at first use; plain values are state.
    return cast(object, value) if isinstance(value, _PLAIN) else _LAZY


def _judge_instances(ctx: Context, owners: frozenset[str], marks: list[str]) -> None:
    for thing in inside.instances(owners):
        try:
            held = repr(cast(object, getattr(thing, "__dict__", None)))
        except Exception:
            # Fields that cannot be printed.
            held = ""
        for mark in marks:
            ctx.expect(
                mark not in held,
                f"a {type(thing).__name__} still holds the texts of a call that has ended",
                expected="nothing of it",
                came=held,
            )
