from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cli_run import Runner

CHAT = ("chat", "acme/zeta-small")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
TOOL = '{"name": "get_weather", "description": "Tells it.", "parameters": {"type": "object"}}'


def test_the_answer_goes_to_stdout_and_nothing_else(mrt: Runner) -> None:
    done = mrt(*CHAT, "Hello there")
    assert (done.code, done.out, done.err) == (0, "You said: Hello there\n", "")


def test_words_need_no_quotes(mrt: Runner) -> None:
    assert mrt(*CHAT, "Hello", "there").out == "You said: Hello there\n"


@pytest.mark.parametrize("piped", [b"from a pipe", b"from a pipe\n", b"from a pipe\r\n"])
def test_the_prompt_may_be_piped_in(mrt: Runner, piped: bytes) -> None:
    assert mrt(*CHAT, stdin=piped).out == "You said: from a pipe\n"


def test_the_argument_comes_before_the_pipe(mrt: Runner) -> None:
    assert mrt(*CHAT, "argument", stdin=b"pipe").out == "You said: argument\n"


def test_bytes_that_are_no_text_are_replaced(mrt: Runner) -> None:
    assert mrt(*CHAT, stdin=b"a\xffb").out == "You said: a\ufffdb\n"


def test_system_parameters_and_stop_reach_the_vendor(mrt: Runner, asked: list[Any]) -> None:
    done = mrt(*CHAT, "show", "-s", "Be brief", "--param", "temperature=0", "-p", "max_tokens=100",
               "-p", "style=1", "-p", "echo=true", "--stop", "STOP", "--stop", "\n\n")  # fmt: skip
    assert done.err == ""
    assert json.loads(done.out) == {"temperature": 0, "max_tokens": 100, "style": "1", "echo": True}
    assert asked[-1][1]["stop"] == ["STOP", "\n\n"]
    assert [message["role"] for message in asked[-1][1]["messages"]] == ["system", "user"]
    assert asked[-1][1]["messages"][0]["text"] == "Be brief"
    assert asked[-1][1]["stream"] is True


def test_a_json_line_for_each_chunk(mrt: Runner) -> None:
    done = mrt(*CHAT, "Hello there", "--json")
    assert (done.code, done.err) == (0, "")
    assert len(done.lines) > 3
    assert "".join(line["delta"]["message"]["content"] for line in done.lines) == "You said: Hello there"
    assert done.lines[-1]["delta"]["finish_reason"] == "stop"
    assert done.lines[-1]["delta"]["usage"]["completion_tokens"] == 5


def test_one_json_document_without_stream(mrt: Runner, asked: list[Any]) -> None:
    done = mrt(*CHAT, "Hello there", "--json", "--no-stream")
    assert done.json["message"]["content"] == "You said: Hello there"
    assert done.json["usage"]["prompt_tokens"] == 3
    assert asked[-1][1]["stream"] is False
    assert mrt(*CHAT, "Hello there", "--no-stream").out == "You said: Hello there\n"


def test_thinking_goes_to_stderr(mrt: Runner) -> None:
    for options in ((), ("--no-stream",)):
        done = mrt(*CHAT, "think well", *options)
        assert (done.out, done.err) == ("well\n", "thinking: let me see\n")


def test_verbose_shows_tokens_price_and_time(mrt: Runner) -> None:
    done = mrt(*CHAT, "Hello", "-v")
    assert done.out == "You said: Hello\n"
    assert done.err.startswith("3 + 5 tokens (reported), 0.000084 USD, ")
    assert done.err.endswith(" s), stop\n")


def test_a_cut_and_an_empty_answer_are_told(mrt: Runner) -> None:
    cut = mrt(*CHAT, "cut")
    assert cut.out == "half an ans\n"
    assert "cut off at the length limit" in cut.err
    empty = mrt(*CHAT, "nothing")
    assert (empty.code, empty.out) == (0, "")
    assert "answered nothing" in empty.err


def test_a_call_of_a_tool_is_the_result(mrt: Runner, asked: list[Any]) -> None:
    for options in ((), ("--no-stream",)):
        done = mrt(*CHAT, "How is it?", "--tool", TOOL, *options)
        assert (done.code, done.out, done.err) == (0, 'tool call: get_weather {"city": "Oslo"}\n', "")
        assert asked[-1][1]["tools"] == ["get_weather"]


def test_a_known_result_answers_the_call(mrt: Runner, asked: list[Any]) -> None:
    done = mrt(*CHAT, "How is it?", "--tool", TOOL, "--tool-result", "get_weather=15 degrees")
    assert done.out == "The tool said: 15 degrees\n"
    assert done.err == 'tool call: get_weather {"city": "Oslo"}\ntool result: 15 degrees\n'
    assert [message["role"] for message in asked[-1][1]["messages"]] == ["user", "assistant", "tool"]


def test_tools_from_a_file_and_in_their_other_shape(mrt: Runner, asked: list[Any]) -> None:
    (mrt.folder / "tool.json").write_text(f'{{"type": "function", "function": {TOOL}}}')
    assert mrt(*CHAT, "x", "--tool", "tool.json").out.startswith("tool call: get_weather")
    lines = mrt(*CHAT, "x", "--tool", "tool.json", "--tool-result", "get_weather=y", "--json").lines
    assert "".join(line["delta"]["message"]["content"] for line in lines) == "The tool said: y"


def test_images_from_a_file_and_from_an_address(mrt: Runner, asked: list[Any]) -> None:
    (mrt.folder / "a.bin").write_bytes(PNG)
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    done = mrt(*CHAT, "kinds", "-i", "a.bin", "--image", "https://example.com/b.png", "--image", data)
    assert done.err == ""
    assert json.loads(done.out) == [["image", "image", "image", "text"]]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--image", "gone.png"), "gone.png cannot be read: No such file"),
        (("--image", "text.txt"), "text.txt is no image"),
        (("--image", "."), ". cannot be read: Is a directory"),
        (("--tool", "gone.json"), "neither a JSON object nor a readable file"),
        (("--tool", "{broken"), "is no valid JSON"),
        (("--tool", '{"description": "no name"}'), "a tool is"),
        (("--tool-result", "no equals sign"), "--tool-result takes NAME=VALUE"),
        (("--param", "temperature"), "--param takes NAME=VALUE"),
        (("--param", "temperature=hot"), "temperature"),
        (("--param", "temperature=9"), "temperature"),
        (("--param", "max_tokens=1.5"), "max_tokens"),
        (("--param", "style=other"), "style"),
        (("--param", "unknown=1"), "unknown"),
        (("--timeout", "0"), "--timeout"),
        (("--timeout", "soon"), "--timeout"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_anything_is_sent(
    mrt: Runner, asked: list[Any], options: tuple[str, ...], told: str
) -> None:
    (mrt.folder / "text.txt").write_text("text")
    done = mrt(*CHAT, "Hello", *options)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err
    assert asked == []


@pytest.mark.parametrize("words", [(), ("",), ("  ",)])
def test_an_empty_prompt_is_wrong_use(mrt: Runner, asked: list[Any], words: tuple[str, ...]) -> None:
    done = mrt(*CHAT, *words)
    assert (done.code, done.out, asked) == (2, "", [])
    assert "PROMPT is empty" in done.err


def test_a_model_without_abilities_takes_no_images_and_no_tools(mrt: Runner, asked: list[Any]) -> None:
    (mrt.folder / "a.png").write_bytes(PNG)
    name = "acme/alpha/large-with-a-name-that-is-longer-than-its-column"
    for options in (("-i", "a.png"), ("--tool", TOOL)):
        done = mrt("chat", name, "Hello", *options)
        assert (done.code, asked) == (2, [])
    assert mrt("chat", name, "Hello").out == "You said: Hello\n"


def test_an_answer_that_breaks_off_is_told_after_what_came(mrt: Runner) -> None:
    done = mrt(*CHAT, "break")
    assert (done.code, done.out) == (1, "so far \n")
    assert done.err.startswith("error: ")
    lines = mrt(*CHAT, "break", "--json").lines
    assert lines[0]["delta"]["message"]["content"] == "so far "
