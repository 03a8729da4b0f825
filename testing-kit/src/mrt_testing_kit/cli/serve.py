"""Run the fake vendor alone, for demos and for clients in other languages."""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
from typing import Any

from mrt_testing_kit.isolation import is_local
from mrt_testing_kit.server import DIALECTS, STRICT_RULES, OracleServer, describe
from mrt_testing_kit.server.dialects import load
from mrt_testing_kit.server.faults import REGISTRY
from mrt_testing_kit.server.script import parse_options

# Dialect to the command that talks to the server, and the credential that holds a key.
_EXAMPLES = {
    "openai": ("mrt chat openai-compatible/oracle-chat -c base_url=%s", "api_key"),
    "xinference": ("mrt chat xinference/tiny-chat -c server_url=%s -c model_uid=tiny-chat", "api_key"),
    "openllm": ("mrt chat openllm/local/tiny-llama -c server_url=%s", "api_key"),
    "openllm-0.4": ("mrt chat openllm/tiny-llama -c server_url=%s", "api_key"),
    "anthropic": ("mrt chat anthropic/claude-sonnet-4-5 -c anthropic_api_url=%s", "anthropic_api_key"),
}


# Option of faults to the numbers that make sense; others are not negative.
_RANGES = {"status": (100, 599), "size": (1, math.inf)}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "Faults (--fault F41 status=503 body=html plays one on every request it fits):\n" + "\n".join(
        f"  {about['id']}  {about['title']}" for about in describe()
    )
    parser.add_argument("--dialect", default="openai", metavar="D", help="which vendor speaks (default: openai)")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="the port (default: a free one)")
    parser.add_argument("--api-key", metavar="K", help="let in only who has this key")
    parser.add_argument(
        "--strict", action="store_true", help=f"refuse what picky vendors refuse ({', '.join(STRICT_RULES)})"
    )
    parser.add_argument("--tls", action="store_true", help="speak TLS with the kit's test CA")
    parser.add_argument("--model", action="append", default=[], metavar="M", help="serve this model; may be repeated")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the dialect")
    parser.add_argument(
        "--fault",
        action="append",
        nargs="+",
        default=[],
        metavar="F15",
        help="play faults, each with its options after it; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    load()
    if args.dialect not in DIALECTS:
        return _refuse(f"unknown dialect {args.dialect!r}; there are: {', '.join(sorted(DIALECTS))}")
    if not is_local(args.host) or args.host in ("", "0.0.0.0"):
        return _refuse(f"--host {args.host}: the server has no protection, and listens on a loopback address only")
    try:
        faults = _faults([word for words in args.fault for word in words])
        settings = parse_options(args.set)
        server = OracleServer(
            args.dialect,
            strict=args.strict,
            host=args.host,
            port=args.port,
            api_key=args.api_key,
            tls=args.tls or None,
            models=args.model or None,
            settings=settings,
            keep=1000,
        )
        for name, options in faults:
            server.fault(name, times=None, **options)
    except ValueError as exc:
        return _refuse(str(exc))
    done = threading.Event()
    # Before the port is announced, so that whoever waits for the announcement may end us at once.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: done.set())
    try:
        server.start()
    except (OSError, OverflowError) as exc:
        text = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        print(f"cannot listen: {text}", file=sys.stderr)
        return 1
    with server_running(server):
        _announce(server, args)
        while not done.wait(3600):
            continue
    return 0


class server_running:
    """Stops a server that was started."""

    def __init__(self, server: OracleServer) -> None:
        self.server = server

    def __enter__(self) -> OracleServer:
        return self.server

    def __exit__(self, *_: object) -> None:
        self.server.stop()


def _announce(server: OracleServer, args: argparse.Namespace) -> None:
    lines = [f"{args.dialect} at {server.url}"]
    if args.tls:
        lines.append(f"test CA: {server.ca_file}")
    if args.dialect in _EXAMPLES:
        command, field = _EXAMPLES[args.dialect]
        key = args.api_key or ("sk-test-any" if args.dialect == "anthropic" else None)
        lines.append(f"try: {command % server.url}{f' -c {field}={key}' if key else ''} 'Say hello.'")
    lines.append("Ctrl-C ends it.")
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        # Whoever read the address has gone; the server goes on, and the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _faults(words: list[str]) -> list[tuple[str, dict[str, Any]]]:
    groups: list[tuple[str, list[str]]] = []
    for word in words:
        if "=" in word and groups:
            groups[-1][1].append(word)
        elif word in REGISTRY:
            groups.append((word, []))
        else:
            raise ValueError(f"unknown fault {word!r}; there are: {', '.join(sorted(REGISTRY))}")
    return [(name, _options(name, options)) for name, options in groups]


def _options(name: str, words: list[str]) -> dict[str, Any]:
    """Read the options of a fault: numbers where the fault has numbers, and texts where it has texts."""
    options = parse_options(words)
    for option, value in options.items():
        default = REGISTRY[name].options.get(option)
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            kinds = (int,) if isinstance(default, int) else (int, float)
            low, high = (_RANGES.get(option, (0, math.inf))) if default >= 0 else (-math.inf, math.inf)
            if type(value) not in kinds or not low <= value <= high:
                raise ValueError(f"{name} {option}={value}: is no number like {default:g}")
        elif isinstance(default, str) and isinstance(value, (int, float)):
            options[option] = str(value)
    return options


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2
