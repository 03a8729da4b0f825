"""``mrt chat``: ask a language model, or talk with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from mrt.cli.arguments import ModelName, Target, one_text
from mrt.cli.options import parse_pairs, verb
from mrt.cli.session import Session

if TYPE_CHECKING:
    from mrt.entities.model import ParameterRule


@verb("chat", credentials=True)
@click.argument("model", type=ModelName(), metavar="PROVIDER/MODEL")
@click.argument("prompt", nargs=-1)
@click.option("--system", "-s", metavar="TEXT", help="Instructions that precede the conversation.")
@click.option("--param", "-p", multiple=True, metavar="NAME=VALUE", help="A model parameter, as temperature=0.")
@click.option("--image", "-i", multiple=True, metavar="FILE|URL", help="An image that goes with the prompt.")
@click.option("--tool", multiple=True, metavar="JSON|FILE", help="A tool that the model may call.")
@click.option("--tool-result", multiple=True, metavar="NAME=TEXT", help="What a tool answers when the model calls it.")
@click.option("--stop", multiple=True, metavar="TEXT", help="A text that ends the answer.")
@click.option("--no-stream", is_flag=True, help="Wait for the whole answer.")
@click.option("--verbose", "-v", is_flag=True, help="Show tokens, price and time on stderr.")
def command(
    session: Session,
    model: Target,
    prompt: tuple[str, ...],
    system: str | None,
    param: tuple[str, ...],
    image: tuple[str, ...],
    tool: tuple[str, ...],
    tool_result: tuple[str, ...],
    stop: tuple[str, ...],
    no_stream: bool,
    verbose: bool,
) -> None:
    """Ask a language model, or talk with it.

    The prompt is the argument, or what is piped in. Without a prompt at a terminal a conversation begins: /exit or
    Ctrl-D ends it, Ctrl-C ends an answer. The answer goes to stdout as it comes; with --json every chunk is a line.
    """
    from mrt.cli.prompts import image_part, read_tool, typed_parameters
    from mrt.cli.talk import Talk
    from mrt.entities.common import ModelType
    from mrt.entities.message import PromptMessage, SystemPromptMessage, TextPromptMessageContent, UserPromptMessage

    converse = not prompt and sys.stdin is not None and sys.stdin.isatty()
    images = [image_part(source) for source in image]
    tools = [read_tool(source) for source in tool]
    results = parse_pairs(tool_result, "--tool-result")
    given = parse_pairs(param, "--param")
    text = "" if converse else one_text(" ".join(prompt) if prompt else None, "PROMPT")

    def user_message(words: str) -> PromptMessage:
        if not images:
            return UserPromptMessage(words)
        parts: list[Any] = [*images, TextPromptMessageContent(words)]
        images.clear()  # they go with the first prompt of a conversation only
        return UserPromptMessage(parts)

    with session.handle(ModelType.LLM, model) as handle:
        rules: list[ParameterRule] = handle.schema.parameter_rules if given else []
        arguments: dict[str, Any] = {"model_parameters": typed_parameters(given, rules), "tools": tools, "stop": stop}
        talk = Talk(session, handle, arguments, results=results, stream=not no_stream, verbose=verbose)
        if system:
            talk.messages.append(SystemPromptMessage(system))
        if converse:
            talk.converse(str(model), user_message)
        else:
            talk.messages.append(user_message(text))
            talk.answer()
