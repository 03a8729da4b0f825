"""What happens only where a person sits: questions, secrets without echo, conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_run import Runner
from cli_server import KEY, Vendor
from cli_terminal import Terminal

CHAT = ("chat", "acme/zeta-small")
TOOL = '{"name": "get_weather"}'


def test_missing_fields_are_asked_for_and_secrets_do_not_show(bare: Runner, vendor: Vendor) -> None:
    with Terminal(bare, [*CHAT, "Hello"]) as terminal:
        terminal.until("Server URL [for example http://127.0.0.1:8000]: ")
        terminal.type(f"{vendor.url}\n")
        terminal.until("API key: ")
        terminal.type(f"{KEY}\n")
        code, seen = terminal.end()
    assert (code, seen.strip()) == (0, "You said: Hello")
    assert KEY not in seen


def test_questions_do_not_go_into_the_result(bare: Runner, vendor: Vendor, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Terminal(bare, [*CHAT, "Hello", "--lang", "zh_Hans"], stdout=str(out)) as terminal:
        terminal.until("服务器地址 [for example http://127.0.0.1:8000]: ")
        terminal.type(f"{vendor.url}\n")
        terminal.until("密钥: ")
        terminal.type(f"{KEY}\n")
        code, _ = terminal.end()
    assert (code, out.read_text()) == (0, "You said: Hello\n")


def test_a_needed_field_is_asked_for_again_and_choices_are_shown(bare: Runner) -> None:
    with Terminal(bare, ["chat", "bolt/m", "Hello", "--no-stream"]) as terminal:
        terminal.until("Model UID: ")
        terminal.type("\n")
        terminal.until("this field is needed")
        terminal.until("Model UID: ")
        terminal.type("u\n")
        terminal.until("1) No login\n  2) With a token\nLogin: ")
        terminal.type("perhaps\n")
        terminal.until("choose one of: none, token")
        terminal.type("2\n")
        terminal.until("Token: ")
        terminal.type("sk-test-canary\n")
        code, seen = terminal.end()
    assert code == 0
    assert "login=token, uid=u" in seen
    assert "canary" not in seen


@pytest.mark.parametrize(("keys", "code"), [("\x03", 130), ("\x04", 130)], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize("prompt", ["Server URL [for example http://127.0.0.1:8000]: ", "API key: "])
def test_a_question_can_be_left(bare: Runner, vendor: Vendor, keys: str, code: int, prompt: str) -> None:
    if prompt.startswith("API"):
        bare.env["MRT_ACME_SERVER_URL"] = vendor.url
    with Terminal(bare, [*CHAT, "Hello"]) as terminal:
        terminal.until(prompt)
        terminal.type(keys)
        left, seen = terminal.end()
    assert left == code
    assert "Traceback" not in seen


def test_nothing_is_asked_with_json(bare: Runner) -> None:
    with Terminal(bare, [*CHAT, "Hello", "--json"]) as terminal:
        code, seen = terminal.end()
    assert code == 3
    assert json.loads(seen)["error"]["type"] == "CredentialsValidateFailedError"


def test_storing_asks_for_each_field(bare: Runner, vendor: Vendor) -> None:
    with Terminal(bare, ["credentials", "set", "acme"]) as terminal:
        terminal.until("Server URL [for example http://127.0.0.1:8000; empty: none]: ")
        terminal.type(f"{vendor.url}\n")
        terminal.until("API key [empty: none]: ")
        terminal.type(f"{KEY}\n")
        code, seen = terminal.end()
    assert code == 0
    assert "stored api_key, server_url of acme, profile default" in seen
    assert KEY not in seen
    assert bare(*CHAT, "Hello").out == "You said: Hello\n"
    with Terminal(bare, ["credentials", "set", "acme"]) as terminal:
        terminal.until(f"Server URL [{vendor.url}]: ")
        terminal.type("\n")
        terminal.until("API key [stored]: ")
        terminal.type("\n")
        assert terminal.end()[0] == 0
    assert bare(*CHAT, "Hello").out == "You said: Hello\n", "an empty answer keeps what was stored"


def test_storing_skips_fields_whose_condition_is_not_met(bare: Runner) -> None:
    with Terminal(bare, ["credentials", "set", "bolt"]) as terminal:
        terminal.until("Model UID [empty: none]: ")
        terminal.type("\n")
        terminal.until("Login [empty: none]: ")
        terminal.type("none\n")
        terminal.until("Region [empty: none]: ")
        terminal.type("north\n")
        assert terminal.end()[0] == 0
    assert bare("credentials", "list", "--json").json[0]["fields"] == ["login", "region"]


def test_a_conversation_remembers(mrt: Runner) -> None:
    with Terminal(mrt, [*CHAT, "--system", "Be brief"]) as terminal:
        terminal.until("Talking with acme/zeta-small. /exit or Ctrl-D ends, Ctrl-C stops an answer.\n> ")
        terminal.type("one\n")
        terminal.until("You said: one\n> ")
        terminal.type("\n")
        terminal.until("> ")
        terminal.type("history\n")
        seen = terminal.until("\n> ")
        terminal.until("> ") if "system:" not in seen else None
        terminal.type("/exit\n")
        code, rest = terminal.end()
    assert code == 0
    assert "system:Be brief | user:one | assistant:You said: one | user:history" in seen + rest


@pytest.mark.parametrize("keys", ["\x04", "/exit\n"], ids=["Ctrl-D", "/exit"])
def test_a_conversation_ends(mrt: Runner, keys: str) -> None:
    with Terminal(mrt, CHAT) as terminal:
        terminal.until("> ")
        terminal.type(keys)
        assert terminal.end()[0] == 0


def test_ctrl_c_ends_the_answer_and_not_the_conversation(mrt: Runner, vendor: Vendor, asked: list[Any]) -> None:
    with Terminal(mrt, CHAT) as terminal:
        terminal.until("> ")
        terminal.type("slow\n")
        terminal.until("word3 ")
        terminal.type("\x03")
        terminal.until("(stopped)\n> ")
        assert vendor.left.wait(10), "the vendor is not told to stop"
        terminal.type("\x03")
        terminal.until("> ")
        terminal.type("history\n")
        seen = terminal.until("user:history")
        terminal.until("> ")
        terminal.type("\x04")
        code, rest = terminal.end()
    assert code == 0
    assert "user:slow | assistant:word0 word1 word2 word3 " in seen
    assert "Traceback" not in seen + rest


def test_an_error_does_not_end_the_conversation(mrt: Runner) -> None:
    with Terminal(mrt, CHAT) as terminal:
        terminal.until("> ")
        terminal.type("fail 500\n")
        terminal.until("as you wish")
        terminal.until("> ")
        terminal.type("history\n")
        terminal.until("user:history\n> ")
        terminal.type("/exit\n")
        assert terminal.end()[0] == 0


def test_a_person_can_answer_a_tool_call(mrt: Runner) -> None:
    with Terminal(mrt, [*CHAT, "--tool", TOOL]) as terminal:
        terminal.until("> ")
        terminal.type("weather?\n")
        terminal.until('tool call: get_weather {"city": "Oslo"}')
        terminal.until("result of get_weather: ")
        terminal.type("rain\n")
        terminal.until("The tool said: rain\n> ")
        terminal.type("/exit\n")
        assert terminal.end()[0] == 0


def test_a_conversation_whose_answers_go_to_a_file(mrt: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Terminal(mrt, CHAT, stdout=str(out)) as terminal:
        terminal.until("> ")
        terminal.type("one\n")
        terminal.until("> ")
        terminal.type("\x04")
        assert terminal.end()[0] == 0
    assert out.read_text() == "You said: one\n"


def test_thinking_is_dim_at_a_terminal(mrt: Runner) -> None:
    with Terminal(mrt, [*CHAT, "think well"]) as terminal:
        assert terminal.end() == (0, "\x1b[2mlet me see\x1b[0m\nwell\n")
    mrt.env["NO_COLOR"] = "1"
    with Terminal(mrt, [*CHAT, "think well"]) as terminal:
        assert terminal.end() == (0, "thinking: let me see\nwell\n")
