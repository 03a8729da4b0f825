"""The verbs, of which only the used one is imported."""

from __future__ import annotations

import importlib
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem

from mrt._similar import most_like


class Verb(NamedTuple):
    """Where a verb's command lives, and its line in the list of verbs."""

    module: str
    help: str


VERBS = {
    "chat": Verb("mrt.cli.chat", "Ask a language model, or talk with it."),
    "embed": Verb("mrt.cli.embed", "Turn texts into vectors."),
    "rerank": Verb("mrt.cli.rerank", "Sort documents by how well they fit a query."),
    "transcribe": Verb("mrt.cli.transcribe", "Write down speech."),
    "speak": Verb("mrt.cli.speak", "Turn text into speech."),
    "moderate": Verb("mrt.cli.moderate", "Check a text for harmful content."),
    "tokens": Verb("mrt.cli.tokens", "Count the tokens of a prompt."),
    "providers": Verb("mrt.cli.providers", "List the installed providers."),
    "models": Verb("mrt.cli.models", "List a provider's models."),
    "schema": Verb("mrt.cli.schema", "Show a provider's credential form, or a model's parameters."),
    "validate": Verb("mrt.cli.validate", "Ask the vendor whether credentials work."),
    "credentials": Verb("mrt.cli.credentials", "Store credentials, list or remove stored ones."),
    "lint": Verb("mrt.cli.lint", "Check provider and model files."),
    "doctor": Verb("mrt.cli.doctor", "Check the installation and every plugin."),
    "demo": Verb("mrt.cli.demo", "Show the whole road, without network and key."),
    "completion": Verb("mrt.cli.completion", "Print the completion script of a shell."),
}

EPILOG = """\
Models are written PROVIDER/MODEL, for example acme/some-model. Every verb has --help and --json.

Exit codes: 0 fine, 1 the vendor failed, 2 wrong use, 3 credentials, 130 interrupted.
"""


class LazyGroup(click.Group):
    """A group that knows its verbs by name and imports them when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        command = importlib.import_module(verb.module).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in VERBS and not args[0].startswith("-"):
            near = most_like(args[0], VERBS, 2)
            hint = f"did you mean {' or '.join(near)}?" if near else "`mrt --help` lists the verbs"
            ctx.fail(f"there is no verb {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        verbs = [CompletionItem(name, help=verb.help) for name, verb in VERBS.items() if name.startswith(incomplete)]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from mrt import __version__

        click.echo(f"mrt {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    name="mrt",
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Call any AI model vendor from the command line."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
