"""The options that verbs share, and the making of a verb."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mrt.cli.report import Reporter
from mrt.cli.session import Session

Function = Callable[..., Any]


def verb(name: str, *, credentials: bool = False) -> Callable[[Function], click.Command]:
    """Make a function a verb: it gets a `Session` first, then its own parameters.

    Args:
        name: The verb.
        credentials: Whether the verb takes the options that say where credentials come from.
    """

    def decorate(function: Function) -> click.Command:
        @click.pass_context
        def call(ctx: click.Context, /, *, debug: bool, as_json: bool, lang: str, **parameters: Any) -> Any:
            reporter = ctx.find_object(Reporter) or Reporter()
            reporter.debug, reporter.as_json = debug, as_json
            sources = {name: parameters.pop(name) for name in _SOURCES} if credentials else {}
            with _session(reporter, lang, **sources) as session:
                return function(session, **parameters)

        call.__doc__ = function.__doc__
        # Options of the verb itself, which its decorators left on the function, come first in the help.
        own = list(reversed(getattr(function, "__click_params__", [])))
        shared = _CREDENTIAL_OPTIONS + _COMMON_OPTIONS if credentials else _COMMON_OPTIONS
        return click.Command(name, callback=call, params=own + [make() for make in shared], help=_help(function))

    return decorate


def _session(
    reporter: Reporter,
    lang: str,
    *,
    credential: tuple[str, ...] = (),
    credentials_source: str | None = None,
    profile: str | None = None,
    timeout: float | None = None,
) -> Session:
    given, file = given_credentials(credential, credentials_source)
    return Session(reporter, lang=lang, timeout=timeout, given=given, file=file, profile=profile)


def parse_pairs(pairs: tuple[str, ...], option: str) -> dict[str, str]:
    """Return the values of a repeatable option ``NAME=VALUE``.

    Raises:
        click.UsageError: A value has no name.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            # Not quoted: what stands there may be a key.
            raise click.UsageError(f"{option} takes NAME=VALUE")
        values[name.strip()] = value
    return values


def given_credentials(pairs: tuple[str, ...], source: str | None) -> tuple[dict[str, Any], Path | None]:
    """Return the credentials that stand on the command line, and the file that it names.

    Args:
        pairs: Values of ``--credential``.
        source: Value of ``--credentials``: the name of a file, or a JSON object.

    Raises:
        click.UsageError: One of them is malformed; nothing is quoted, since it may be a key.
    """
    given: dict[str, Any] = {}
    file = None
    if source is not None and source.lstrip().startswith("{"):
        try:
            given = json.loads(source)
        except ValueError:
            raise click.UsageError("--credentials: the JSON object is malformed") from None
    elif source is not None:
        file = Path(source)
    return {**given, **parse_pairs(pairs, "--credential")}, file


def _help(function: Function) -> str:
    text = function.__doc__ or ""
    head, *rest = text.strip().split("\n")
    return "\n".join([head, *(line.removeprefix("    ") for line in rest)])


def _option(*names: str, **settings: Any) -> Callable[[], click.Option]:
    return lambda: click.Option(names, **settings)


_SOURCES = ("credential", "credentials_source", "profile", "timeout")
_CREDENTIAL_OPTIONS = [
    _option(
        "--credential", "-c", multiple=True, metavar="NAME=VALUE",
        help="A credential. Other users of this machine can see it; better is the environment.",
    ),
    _option(
        "--credentials", "credentials_source", metavar="FILE", help="A JSON or YAML file with credentials.",
    ),
    _option("--profile", metavar="NAME", help="Credentials that `mrt credentials set` stored under this name."),
    _option(
        "--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True),
        help="The longest time that one call may take.",
    ),
]  # fmt: skip
_COMMON_OPTIONS = [
    _option("--lang", metavar="LANG", default="en_US", help="Language of labels, for example zh_Hans."),
    _option("--json", "as_json", is_flag=True, help="Write the result, and an error, as JSON."),
    _option("--debug", is_flag=True, help="Show the traceback of an error."),
]
