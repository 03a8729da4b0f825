"""The command: makes all mutants, counts, and says what survived."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mrt_testing_kit.catalogue import load
from mutants.hunt import PLUGINS, Verdict
from mutants.mutant import REFERENCES, Mutant
from mutants.patches import read_all
from mutants.pool import Job, run_all

JOBS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 when a mutant survives, cannot be made, or a right provider fails."""
    options = _parser().parse_args(arguments)
    chosen = [wrong for wrong in read_all() if _is_wanted(wrong, options.words)]
    if not chosen:
        print(f"no mutant, check or group is named {' '.join(options.words)}", file=sys.stderr)
        return 2
    if options.list:
        for wrong in chosen:
            print(f"{wrong.id:6} {' '.join(wrong.kills):16} {wrong.reference:15} {wrong.title}")
        return 0
    started = time.perf_counter()
    alive = [wrong for wrong in chosen if not wrong.equivalent]
    verdicts, alarms = _run(alive, options)
    summary = _report(chosen, verdicts, alarms)
    print(f"{time.perf_counter() - started:.0f} s")
    if options.json:
        Path(options.json).write_text(json.dumps(summary, indent=1), "utf-8")
    return 1 if summary["survivors"] or summary["broken"] or summary["false alarms"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="ids of mutants, checks or groups; all when left out")
    parser.add_argument("--list", action="store_true", help="name the mutants and end")
    parser.add_argument("--no-alarms", action="store_true", help="leave out the providers that are right")
    parser.add_argument("--verbose", action="store_true", help="say how each mutant was caught")
    parser.add_argument("--jobs", type=int, default=JOBS, metavar="N", help=f"processes ({JOBS})")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON")
    return parser


def _is_wanted(wrong: Mutant, words: Sequence[str]) -> bool:
    names = {wrong.id, wrong.group, *wrong.kills}
    return not words or any(word.upper() in names for word in words)


def _run(mutants: Sequence[Mutant], options: argparse.Namespace) -> tuple[dict[str, Verdict], dict[str, list[str]]]:
    verdicts: dict[str, Verdict] = {}
    alarms: dict[str, list[str]] = {}
    jobs: list[Job] = [("mutant", wrong.id) for wrong in mutants]
    if not options.no_alarms:
        jobs += [("plugin", number) for number in range(len(PLUGINS))]
        jobs += [("reference", name) for name in (*REFERENCES, "wheel")]

    def tell(job: Job, result: Any) -> None:
        kind, name = job
        if kind == "mutant":
            id = str(name)
            verdict = result if isinstance(result, Verdict) else Verdict(id, "", str(result), is_broken=True)
            verdicts[id] = verdict
            if options.verbose:
                what = verdict.killer or ("BROKEN" if verdict.is_broken else "ALIVE")
                print(f"{id:6} {what:7} {verdict.seconds:5.1f} s  {verdict.says}", flush=True)
            return
        who = f"reference {name}" if kind == "reference" else "plugin {0}, dialect {2}".format(*PLUGINS[int(name)])
        alarms[who] = result if isinstance(result, list) else [str(result)]
        if options.verbose:
            print(f"{who}: {len(alarms[who])} false alarms", flush=True)

    run_all(jobs, options.jobs, tell)
    return verdicts, alarms


def _report(chosen: Sequence[Mutant], verdicts: dict[str, Verdict], alarms: dict[str, list[str]]) -> dict[str, Any]:
    groups: dict[str, dict[str, int]] = {}
    survivors: list[str] = []
    broken: list[str] = []
    elsewhere: list[str] = []
    for wrong in chosen:
        if wrong.equivalent:
            continue
        verdict = verdicts[wrong.id]
        count = groups.setdefault(wrong.group, {"total": 0, "killed": 0, "as intended": 0})
        count["total"] += 1
        count["killed"] += bool(verdict.killer)
        count["as intended"] += verdict.killer in wrong.kills
        if verdict.is_broken:
            broken.append(f"{wrong.id}: {verdict.says}")
        elif not verdict.killer:
            survivors.append(f"{wrong.id} ({wrong.kills[0]}): {wrong.title}")
        elif verdict.killer not in wrong.kills:
            elsewhere.append(f"{wrong.id} by {verdict.killer} in place of {wrong.kills[0]}: {wrong.title}")
    print("group   killed  by the intended check")
    for group, count in groups.items():
        print(f"{group:5} {count['killed']:4}/{count['total']:<4} {count['as intended']:4}")
    killed, total = (sum(count[name] for count in groups.values()) for name in ("killed", "total"))
    print(f"all   {killed:4}/{total:<4} {sum(count['as intended'] for count in groups.values()):4}")
    equivalent = [f"{wrong.id}: {wrong.title}: {wrong.equivalent}" for wrong in chosen if wrong.equivalent]
    false = [f"{name}: {line}" for name, lines in sorted(alarms.items()) for line in lines]
    # Those of MET judge runs.
    needed = {check for wrong in read_all() for check in wrong.kills}
    idle = [id for id in load() if id not in needed and not id.startswith("MET")]
    for title, lines in (
        ("Survivors", survivors),
        ("Mutants that cannot be made", broken),
        ("Caught by another check", elsewhere),
        ("Equivalent: nobody can notice", equivalent),
        ("Checks that no mutant needs", idle),
        ("False alarms", false),
    ):
        if lines:
            print(f"\n{title}: {len(lines)}", *lines, sep="\n  ")
    if alarms and not false:
        print(f"\nNo false alarm on {len(alarms)} providers that are right.")
    return {
        "groups": groups,
        "survivors": survivors,
        "broken": broken,
        "caught elsewhere": elsewhere,
        "equivalent": equivalent,
        "checks that no mutant needs": idle,
        "false alarms": false,
    }
