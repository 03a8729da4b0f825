"""The oracle's answers: pure functions of the question."""

from __future__ import annotations

import io
import json
import math
import struct
import wave

import pytest

from mrt_testing_kit.server import Answer, Conversation, ToolCall, Turn, oracle
from mrt_testing_kit.server.answer import Text, Thinking, pieces_of, tokens
from mrt_testing_kit.server.oracle import ToolResult, ToolSpec, converse
from mrt_testing_kit.server.oracle.directives import Directive, read

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
WEATHER = ToolSpec("get_weather", "Tells the weather", SCHEMA)


def ask(text: str, **fields: object) -> Answer:
    return converse(Conversation([Turn("user", text)], **fields))  # type: ignore[arg-type]


class TestVectors:
    def test_each_text_has_its_own_unit_vector(self) -> None:
        texts = ["", "a", "b", "A", "a ", "é", "x" * 1000, "\ud800"]
        vectors = [tuple(oracle.embedding(text, 16)) for text in texts]
        assert len(set(vectors)) == len(texts)
        assert all(math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-5) for vector in vectors)
        assert oracle.embedding("a", 16) == list(vectors[1])

    def test_every_number_is_exact_in_single_precision(self) -> None:
        vector = oracle.embedding("any text", 64)
        assert list(struct.unpack("<64f", struct.pack("<64f", *vector))) == vector
        assert json.loads(json.dumps(vector)) == vector

    def test_token_ids_have_vectors_of_their_own(self) -> None:
        assert oracle.embedding([1, 2]) != oracle.embedding([12])
        assert oracle.embedding([1, 2]) != oracle.embedding("1,2")

    def test_scores_follow_shared_words_and_differ(self) -> None:
        query = "weather in Paris"
        good, bad = oracle.score(query, "The weather in Paris is fine"), oracle.score(query, "Count to ten")
        assert 0 < bad < good < 1
        assert len({oracle.score(query, f"document {n}") for n in range(100)}) == 100
        assert struct.unpack("<f", struct.pack("<f", good))[0] == good


class TestCounts:
    def test_no_two_fields_share_a_prime(self) -> None:
        tables = [oracle.prime_table(name) for name in ("prompt", "completion", "cached", "cache_write", "reasoning")]
        together = [number for table in tables for number in table]
        assert len(together) == len(set(together))
        assert all(number % divisor for number in together for divisor in range(2, int(number**0.5) + 1))

    def test_sums_cannot_be_taken_for_counts(self) -> None:
        counts = oracle.usage("hello", reasoning=True, cache_write=True)
        assert counts == oracle.usage("hello", reasoning=True, cache_write=True)
        assert counts.total == counts.prompt + counts.completion
        assert counts.cached is not None
        assert counts.cache_write is not None
        assert counts.reasoning is not None
        assert counts.cached + counts.cache_write < counts.prompt
        assert counts.reasoning < counts.completion
        assert oracle.usage("other").prompt != counts.prompt


class TestAudio:
    @pytest.mark.parametrize("format", oracle.SPEECH_FORMATS)
    @pytest.mark.parametrize("text", ["Hello world", "Grüße 世界", "", "x" * 40_000])
    def test_what_is_spoken_is_heard(self, format: str, text: str) -> None:
        assert oracle.transcript(oracle.speech(text, "alloy", format)) == text

    @pytest.mark.parametrize(
        ("format", "magic", "at"),
        [
            ("mp3", b"ID3", 0),
            ("wav", b"RIFF", 0),
            ("wav", b"WAVE", 8),
            ("ogg", b"OggS", 0),
            ("opus", b"OpusHead", 28),
            ("flac", b"fLaC", 0),
            ("aac", b"\xff\xf1", 0),
        ],
    )
    def test_each_format_has_its_magic(self, format: str, magic: bytes, at: int) -> None:
        assert oracle.speech("Hello", "alloy", format)[at : at + len(magic)] == magic

    def test_the_wav_file_plays(self) -> None:
        with wave.open(io.BytesIO(oracle.speech("one two three", "alloy", "wav"))) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
            assert file.getnframes() == 3 * 800
            assert max(struct.unpack("<2400h", file.readframes(2400))) > 5000

    def test_mp3_frames_have_the_length_that_they_declare(self) -> None:
        data = oracle.speech("a b c", "alloy", "mp3")
        size = int.from_bytes(bytes(byte & 0x7F for byte in data[6:10]), "big")
        length = (data[6] << 21) | (data[7] << 14) | (data[8] << 7) | data[9]
        assert size
        frames = data[10 + length :]
        assert len(frames) == 3 * 144
        assert all(frames[at : at + 2] == b"\xff\xfb" for at in range(0, len(frames), 144))

    def test_several_pieces_are_heard_in_order(self) -> None:
        assert oracle.transcript(oracle.speech("one") + oracle.speech("two")) == "one two"

    def test_other_audio_is_told_apart(self) -> None:
        assert oracle.transcript(b"RIFFabc") != oracle.transcript(b"RIFFabd")


class TestReply:
    def test_the_answer_holds_the_question(self) -> None:
        assert oracle.reply("Grüße") == "You said: Grüße"
        assert oracle.reply("a") != oracle.reply("b")
        assert oracle.reply("x" * 500 + "a") != oracle.reply("x" * 500 + "b")
        assert len(oracle.reply("x" * 100_000)) < 1000

    def test_images_are_named(self) -> None:
        assert oracle.reply("Look", ["image/png", "image/jpeg"]).endswith("I see 2 images: image/png, image/jpeg.")

    def test_offences(self) -> None:
        for category in oracle.OFFENCES:
            found = oracle.flagged(f"{'word ' * 1000}{oracle.offence(category)}")
            assert [name for name, hit in found.items() if hit] == [category]
        assert not any(oracle.flagged("kill the process").values())

    def test_tokens_join_to_the_text(self) -> None:
        for text in ("", " ", "a", " a  b\n\nc ", oracle.UNICODE):
            assert "".join(tokens(text)) == text


class TestConverse:
    def test_without_tools_it_replies(self) -> None:
        assert ask("Good day").text == "You said: Good day"
        assert ask("Good day").usage == oracle.usage("Good day")

    def test_weather_calls_the_tool_for_each_place(self) -> None:
        answer = ask("Weather in Paris and London?", tools=[WEATHER])
        assert [json.loads(call.arguments or "")["city"] for call in answer.calls] == ["Paris", "London"]  # type: ignore[arg-type]
        assert answer.finish == "tool_calls"

    def test_the_choice_of_tools_is_minded(self) -> None:
        other = ToolSpec("other", "", {"type": "object", "properties": {}})
        assert ask("Hello", tools=[WEATHER], tool_choice="required").calls[0].name == "get_weather"
        assert ask("Weather in Rome", tools=[WEATHER], tool_choice="none").calls == []
        assert ask("Hello", tools=[WEATHER, other], tool_choice="name:other").calls[0].name == "other"
        assert len(ask("Weather in Paris and London?", tools=[WEATHER], parallel=False).calls) == 1

    def test_results_are_quoted(self) -> None:
        call = ToolCall("get_weather", '{"city": "Paris"}', "c1")
        turns = [Turn("user", "Weather in Paris?"), Turn("assistant", calls=[call])]
        turns.append(Turn("tool", results=[ToolResult("c1", "18 degrees")]))
        answer = converse(Conversation(turns, tools=[WEATHER]))
        assert (answer.text, answer.calls, answer.finish) == ("get_weather returned 18 degrees.", [], "stop")

    def test_limit_and_stop_end_the_answer(self) -> None:
        cut = ask("[[oracle: long 10]]", limit=4)
        assert (cut.text, cut.finish) == ("word0 word1 word2 word3 ", "length")
        stopped = ask("[[oracle: say one two three]]", stops=["zz", "two"])
        assert (stopped.text, stopped.finish, stopped.stop_sequence) == ("one ", "stop", "two")
        whole = ask("[[oracle: say a b]]", limit=2)
        assert (whole.text, whole.finish) == ("a b", "stop")

    def test_a_schema_is_kept(self) -> None:
        assert set(json.loads(ask("Go", schema=SCHEMA).text)) == {"city", "days"}


class TestDirectives:
    def test_reading(self) -> None:
        text, found = read('Hi [[oracle: say a]b]] there [[oracle: think "x ]] y"]]')
        assert found[0] == Directive("say", "a]b")
        assert text.startswith("Hi")
        assert read("no [[directive]]") == ("no [[directive]]", [])

    @pytest.mark.parametrize(
        ("directive", "text"),
        [
            ("say Hello  there", "Hello  there"),
            (r'say "line\nbreak"', "line\nbreak"),
            ("echo", "before after"),
            ("unicode", oracle.UNICODE),
            ("long 3", "word0 word1 word2 "),
            ("repeat 4 ha", "hahahaha"),
            ("echo-params", '{"temperature": 0}'),
            ("nonsense", "The oracle does not know the directive 'nonsense' (number 1)."),
        ],
    )
    def test_texts(self, directive: str, text: str) -> None:
        assert ask(
            f"before [[oracle: {directive}]] after".replace("  ", " ")
            if directive == "echo"
            else f"[[oracle: {directive}]]",
            params={"temperature": 0},
        ).text in (text, text.replace(" after", "  after"))

    def test_reasoning_calls_and_finish(self) -> None:
        answer = ask('[[oracle: think hm]] [[oracle: say so]] [[oracle: tool:f {"a": 1}]] [[oracle: finish odd]]')
        assert (answer.reasoning, answer.text, answer.finish) == ("hm", "so", "odd")
        assert [(call.name, call.arguments) for call in answer.calls] == [("f", '{"a": 1}')]
        assert ask("[[oracle: finish null]]").finish is None
        assert ask("[[oracle: refuse No.]]").finish == "content_filter"
        assert len(ask("[[oracle: tools 3]]", tools=[WEATHER]).calls) == 3
        assert ask("[[oracle: tool:f]]").calls[0].arguments == ""

    def test_chunks_counts_and_times(self) -> None:
        answer = ask(
            "[[oracle: say abcdef]] [[oracle: chunk 4]] [[oracle: usage 7 5]] [[oracle: delay 1.5]] [[oracle: pace 2]]"
        )
        assert [piece.text for piece in pieces_of(answer) if piece.kind == "text"] == ["abcd", "ef"]
        assert answer.usage is not None
        assert (answer.usage.prompt, answer.usage.completion, answer.delay, answer.pace) == (7, 5, 1.5, 2.0)

    def test_rounds_of_tools(self) -> None:
        turns = [Turn("user", "[[oracle: rounds 2]] [[oracle: then done]]")]
        for number in range(2):
            answer = converse(Conversation(turns, tools=[WEATHER]))
            assert len(answer.calls) == 1
            answer.calls[0].id = f"c{number}"
            turns += [Turn("assistant", calls=answer.calls), Turn("tool", results=[ToolResult(f"c{number}", "ok")])]
        assert converse(Conversation(turns, tools=[WEATHER])).text == "done"


class TestAnswer:
    def test_parts_keep_their_order(self) -> None:
        answer = Answer(parts=[Thinking(["a"]), Text(["b"]), Thinking(["c"]), Text(["d", "e"])])
        assert (answer.reasoning, answer.text) == ("ac", "bde")
        kinds = [(piece.kind, piece.part, piece.last) for piece in pieces_of(answer)]
        assert kinds[1:6] == [
            ("thinking", 0, True),
            ("text", 1, True),
            ("thinking", 2, True),
            ("text", 3, False),
            ("text", 3, True),
        ]

    def test_a_copy_is_independent(self) -> None:
        answer = Answer("a b", calls=[ToolCall("f")], usage=oracle.usage("x"))
        other = answer.copy()
        other.calls[0].id = "changed"
        assert isinstance(other.parts[0], Text)
        other.parts[0].pieces.append("c")
        assert (answer.text, answer.calls[0].id) == ("a b", None)

    @pytest.mark.parametrize(
        ("schema", "check"),
        [
            ({"type": "string", "minLength": 12}, lambda v: len(v) >= 12),
            ({"type": "string", "maxLength": 2}, lambda v: len(v) <= 2),
            ({"enum": [1, 2]}, lambda v: v in (1, 2)),
            ({"const": None}, lambda v: v is None),
            ({"type": ["null", "integer"]}, lambda v: isinstance(v, int)),
            ({"type": "integer", "minimum": 5, "maximum": 6}, lambda v: v in (5, 6)),
            ({"type": "number", "multipleOf": 0.5, "minimum": 0, "maximum": 1}, lambda v: v in (0, 0.5, 1)),
            ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, lambda v: v == [True, True]),
            ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, lambda v: v is True),
            (
                {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"b": {}}}}},
                lambda v: set(v) == {"b"},
            ),
            ({"type": "object"}, lambda v: v == {}),
            (None, lambda v: v == {}),
        ],
    )
    def test_values_fit_their_schema(self, schema: object, check: object) -> None:
        assert check(oracle.conform(schema))  # type: ignore[operator]
