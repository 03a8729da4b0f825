"""Check a provider: an installed one by its name, or an object by module:attribute."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mrt_testing_kit import deviations
from mrt_testing_kit.badge import as_svg
from mrt_testing_kit.before import WrongUse, look_at_files, look_at_target
from mrt_testing_kit.catalogue import TIERS, UnknownCheck, load, select
from mrt_testing_kit.manifest import CONTRACT, TITLES
from mrt_testing_kit.refused import report_of
from mrt_testing_kit.report import CaseResult, Report
from mrt_testing_kit.report_html import as_html
from mrt_testing_kit.report_text import as_markdown, as_text
from mrt_testing_kit.runner import Interrupted, run as run_contract
from mrt_testing_kit.server.script import parse_options
from mrt_testing_kit.target import Target, TargetError

FORMS: dict[str, Callable[[Report], str]] = {
    "report": Report.to_json,
    "html": as_html,
    "markdown": as_markdown,
    "badge": as_svg,
}
"""Option to what it writes."""

_MARKS = {"pass": ".", "fail": "F", "not-applicable": "-", "not-run": "-", "advisory": "a"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "provider", nargs="?", metavar="NAME|MODULE:ATTR", help="a provider's name, or where an object is"
    )
    parser.add_argument("--dialect", metavar="D", help="the dialect that the vendor speaks, such as openai")
    parser.add_argument(
        "--credentials",
        default="{}",
        metavar="JSON",
        help="credentials, with {server}, {canary}, {model} in their places",
    )
    add_outputs(parser)
    parser.add_argument(
        "-k", dest="ids", action="append", metavar="ID", help="only this check or group; may be repeated"
    )
    parser.add_argument("--tier", choices=TIERS, default="wire", help="how thorough (default: wire)")
    parser.add_argument(
        "--model", action="append", default=[], metavar="TYPE=NAME", help="a model to test with (llm=NAME)"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="the file of deviations (default: contract.toml, if it is there)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="random order and inputs; the same seed, the same run")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the dialect")
    parser.add_argument("--wheel", metavar="FILE", help="the provider's wheel, for the checks of packaging")
    parser.add_argument("--source", metavar="DIR", help="the provider's source, for the checks of packaging")
    parser.add_argument("--list", action="store_true", help="list the checks, and end")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, and failures without the wire")


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Add the options that write files."""
    parser.add_argument("--report", metavar="FILE", help="write the report as JSON")
    parser.add_argument("--html", metavar="FILE", help="write the report as an HTML page")
    parser.add_argument("--markdown", metavar="FILE", help="write the report as Markdown")
    parser.add_argument("--badge", metavar="FILE", help="write a badge as SVG")


def run(args: argparse.Namespace) -> int:
    """Check, and print what was found: 0 when all is well, 1 when a required check fails, 2 for wrong use.

    An interrupted run gives 130, as shells do, and prints what it had found.
    """
    try:
        ids = None if args.ids is None else select(args.ids)
        if args.list:
            return _list(ids)
        options = _options(args)
        look_at_files([path for option in FORMS if (path := getattr(args, option))], args.wheel, args.source)
        try:
            target = _target(args)
        except TargetError as error:
            report = report_of(error, args.provider, args.dialect)
            if report is None:
                raise
        else:
            for note in look_at_target(target, ids, args.tier, options["settings"]):
                target.notes.append(note)
                print(f"note: {note}", file=sys.stderr)
            report = run_contract(target, ids=ids, progress=None if args.quiet else _progress, **options)
        if not args.quiet:
            print(file=sys.stderr)
        print(as_text(report, transcripts=not args.quiet), end="")
        write(report, args)
    except (WrongUse, TargetError, UnknownCheck) as error:
        print(error, file=sys.stderr)
        return 2
    except Interrupted as stopped:
        print(f"\n{as_text(stopped.report, transcripts=not args.quiet)}", end="")
        print("interrupted: no report was written", file=sys.stderr)
        return 130
    return 1 if report.failed else 0


def write(report: Report, args: argparse.Namespace) -> None:
    """Write the files that were asked for.

    Raises:
        WrongUse: A file cannot be written.
    """
    for option, form in FORMS.items():
        path = getattr(args, option)
        if path:
            try:
                Path(path).write_text(form(report), "utf-8")
            except OSError as error:
                raise WrongUse(f"cannot write {path}: {error.strerror}") from error


def credentials_of(text: str) -> dict[str, Any]:
    """Read credentials from the command line.

    Raises:
        WrongUse: They are no JSON object.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise WrongUse(f'--credentials is no JSON: {error}; write \'{{"api_key": "{{canary}}"}}\'') from error
    if not isinstance(found, dict):
        raise WrongUse('--credentials is no JSON object: write \'{"api_key": "{canary}"}\'')
    return found  # pyright: ignore[reportUnknownVariableType]


def _target(args: argparse.Namespace) -> Target:
    if not args.provider:
        raise WrongUse("name a provider, or where one is: module:attribute")
    if not args.dialect:
        raise WrongUse("name the vendor's dialect: --dialect openai")
    models: dict[str, list[str]] = {}
    for word in args.model:
        kind, equals, name = word.partition("=")
        if not equals or not name:
            raise WrongUse(f"--model {word!r} names no model: write llm=NAME")
        models.setdefault(kind, []).append(name)
    # `python -m` puts the current folder on the path, a console script does not. The dialect of a plugin lies among its
    # tests, which pytest puts on the path, too.
    if ":" in args.provider and "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    if ":" in args.dialect:
        sys.path += [str(Path.cwd()), str(Path.cwd() / "tests")]
    return Target(args.provider, args.dialect, credentials_of(args.credentials), models)


def _options(args: argparse.Namespace) -> dict[str, Any]:
    try:
        settings = parse_options(args.set)
        config = deviations.read(args.config or "contract.toml", must_exist=args.config is not None)
    except (ValueError, FileNotFoundError) as error:
        raise WrongUse(str(error)) from error
    packaging = {name: value for name in ("wheel", "source") if (value := getattr(args, name)) is not None}
    return {"tier": args.tier, "config": config, "seed": args.seed, "settings": settings, **packaging}


def _list(ids: list[str] | None) -> int:
    checks = load()
    print(f"{CONTRACT}: {len(TITLES)} checks")
    for id in TITLES if ids is None else ids:
        check = checks.get(id)
        title, about = (TITLES[id], "") if check is None else (check.title, f"{check.tier}, {check.level}")
        print(f"{id}  {title}{f' ({about})' if about else ''}")
    return 0


def _progress(result: CaseResult) -> None:
    print(_MARKS.get(result.status, "x"), end="", file=sys.stderr, flush=True)
