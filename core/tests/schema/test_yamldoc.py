from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from mrt.schema import yamlnodes
from mrt.schema.yamldoc import Document


def read(write: Any, text: str | bytes) -> Document:
    return Document(write("file.yaml", text))


def only(doc: Document) -> Any:
    (finding,) = doc.findings
    return finding


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Both parsers: PyYAML is also installed without libyaml."""
    yamlnodes._loader_class.cache_clear()
    if request.param == "python":
        monkeypatch.setitem(__import__("sys").modules, "yaml.cyaml", None)
    elif not yaml.__with_libyaml__:
        pytest.fail("the tests need a PyYAML with libyaml")
    yield request.param
    yamlnodes._loader_class.cache_clear()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0b101", 5),
        ("017", 15),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e6", "1e6"),
        ("1.5e3", "1.5e3"),
        ("-.5", "-.5"),
        ("1.5e-3", 0.0015),
        ("1_0.5e+3", 10500.0),
        ("-.inf", -math.inf),
        ("-.nan", "-.nan"),
        ("08", "08"),
        ("1:30", "1:30"),
        (".INF", math.inf),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("off", "off"),
        ("2024-05-13", "2024-05-13"),
        ("12:30:00", "12:30:00"),
        ("1.2.3", "1.2.3"),
        ("-", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars(write: Any, parser: str, text: str, value: object) -> None:
    if text == "-":
        assert read(write, "number:\n  -\n").data == {"number": [None]}
        return
    data = read(write, f"number: {text}\n").data
    assert data == {"number": value}
    assert type(data["number"]) is type(value)


def test_not_a_number_is_read(write: Any) -> None:
    assert math.isnan(read(write, "number: .nan\n").data["number"])


@pytest.mark.parametrize("text", ["1.10", "3", "0x1F", "no", "on", "true", "2024-05-13", "1e3", "007", "12:30"])
def test_text_keys_keep_what_is_written(write: Any, parser: str, text: str) -> None:
    doc = read(write, f"model: {text}\nlabel:\n  en_US: {text}\noptions:\n  - {text}\nposition:\n  llm: [{text}]\n")
    assert doc.data == {"model": text, "label": {"en_US": text}, "options": [text], "position": {"llm": [text]}}


def test_booleans_under_text_keys_are_spelt_in_one_way(write: Any) -> None:
    assert read(write, "value: True\n").data == {"value": "true"}


def test_null_under_a_text_key_stays_null(write: Any) -> None:
    assert read(write, "label:\n  zh_Hans:\n  ja_JP: ~\n").data == {"label": {"zh_Hans": None, "ja_JP": None}}


def test_the_default_of_a_form_field_is_text_and_that_of_a_parameter_is_not(write: Any) -> None:
    field = read(write, "default: 1.10\nvariable: timeout\n").data
    assert field == {"default": "1.10", "variable": "timeout"}
    assert read(write, "default: 1.10\nname: x\n").data == {"default": 1.1, "name": "x"}


def test_byte_order_mark_and_crlf(write: Any, parser: str) -> None:
    doc = read(write, b"\xef\xbb\xbfmodel: a\r\nlabel:\r\n  en_US: b\r\n")
    assert doc.data == {"model": "a", "label": {"en_US": "b"}}
    assert not doc.findings


def test_anchors_aliases_and_merge_keys(write: Any, parser: str) -> None:
    text = """
        one: &base {min: 0, max: 1}
        two: {<<: *base, max: 2}
        three: {<<: [{max: 9}, *base]}
        four: *base
        five: {'<<': text}
    """
    data = read(write, text).data
    assert data["two"] == {"min": 0, "max": 2}
    assert data["three"] == {"min": 0, "max": 9}
    assert data["four"] == {"min": 0, "max": 1}
    assert data["five"] == {"<<": "text"}


def test_a_merge_key_takes_mappings_only(write: Any) -> None:
    doc = read(write, "a:\n  <<: 3\n")
    assert only(doc).code == "merge"
    assert doc.broken


def test_a_key_given_twice_is_an_error_with_its_line_and_the_last_one_counts(write: Any, parser: str) -> None:
    doc = read(write, "model: a\nother: 1\nmodel: b\n")
    assert doc.data["model"] == "b"
    assert (only(doc).code, only(doc).severity, only(doc).line, only(doc).key_path) == (
        "duplicate-key",
        "error",
        3,
        "model",
    )
    assert not doc.broken


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system ['echo']", "!custom x", "!!binary aGk=", "!!set {a, b}", "!!python/none x"]
)
def test_tags_are_refused_and_never_executed(write: Any, parser: str, tag: str) -> None:
    doc = read(write, f"a: 1\nmodel: {tag}\n")
    assert (only(doc).code, only(doc).line) == ("tag", 2)
    assert doc.broken
    assert doc.data == {"a": 1, "model": None}


def test_aliases_do_not_grow_without_end(write: Any, parser: str) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    doc = read(write, "\n".join(rows))
    assert only(doc).code == "too-many-aliases"
    assert doc.broken


def test_many_plain_aliases_are_fine(write: Any) -> None:
    doc = read(write, "a: &a {x: 1}\n" + "".join(f"k{n}: *a\n" for n in range(500)))
    assert not doc.findings
    assert doc.data["k499"] == {"x": 1}


def test_an_alias_may_not_hold_itself(write: Any, parser: str) -> None:
    doc = read(write, "a: &a\n  b: *a\n")
    assert only(doc).code in ("recursive-alias", "syntax")
    assert doc.broken


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "[" * 5000 + "]" * 5000,
        "{a: " * 5000 + "}" * 5000,
        "- " * 5000 + "x",
        "-  " * 5000 + "x",
        "-\t" * 5000 + "x",
        "? " * 5000 + "x",
        "- ? " * 5000 + "x",
        "\n".join(" " * n + "k:" for n in range(1000)),
    ],
    ids=["brackets", "closed", "braces", "dashes", "wide-dashes", "tabbed-dashes", "question-marks", "mixed", "lines"],
)
def test_deep_nesting_ends_with_a_finding_and_not_with_the_process(write: Any, parser: str, text: str) -> None:
    doc = read(write, text)
    assert doc.broken
    assert only(doc).code in ("too-deep", "syntax")


def test_usual_depth_is_fine(write: Any) -> None:
    doc = read(write, "\n".join(" " * n + "k:" for n in range(30)))
    assert not doc.findings


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "empty-file", None),
        (b"# only a comment\n", "empty-file", None),
        (b"~\n", "empty-file", None),
        (b"a: b\nc: \xff\xfe\n", "encoding", 2),
        ("a: bé\n".encode("latin-1"), "encoding", 1),
        ("a: b\n".encode("utf-16"), "encoding", 1),
        (b"a: b\nc: d: e\n", "syntax", 2),
        (b"a:\n  b: 1\n\tc: 2\n", "syntax", 3),
        (b"a: [1, 2\n", "syntax", 2),
        (b"a: 'x\n", "syntax", 2),
        (b"a: 1\n---\nb: 2\n", "syntax", 2),
        (b"a: \x00\n", "syntax", None),
        (b"a: *nothing\n", "syntax", 1),
    ],
)
def test_broken_files(write: Any, parser: str, content: bytes, code: str, line: int | None) -> None:
    doc = read(write, content)
    finding = only(doc)
    assert (finding.code, finding.severity) == (code, "error")
    if line is not None:
        assert finding.line == line
    assert doc.broken
    assert str(finding).startswith(f"{doc.file}:{finding.line}: error: " if finding.line else f"{doc.file}: error: ")


def test_a_tab_is_named(write: Any) -> None:
    assert "tab" in only(read(write, b"a:\n  b: 1\n\tc: 2\n")).message


def test_keys_are_scalars(write: Any) -> None:
    doc = read(write, "? [a, b]\n: 1\n")
    assert only(doc).code == "complex-key"


def test_a_huge_file_is_not_read_in(write: Any) -> None:
    assert only(read(write, b"a: b\n" * 1_000_000)).code == "too-large"


@pytest.mark.parametrize("make", [lambda path: path, lambda path: path.mkdir() or path], ids=["missing", "folder"])
def test_what_cannot_be_opened_is_a_finding(tmp_path: Path, make: Any) -> None:
    assert only(Document(make(tmp_path / "x.yaml"))).code == "unreadable"


def test_places_are_found_by_key_path(write: Any) -> None:
    doc = read(write, "a:\n  - b: 1\n  - b: 2\n    c: 'x'\n")
    doc.note("info", "x", ("a", 1, "c"), "value")
    doc.note("info", "x", ("a", 1, "c"), "key", key=True)
    doc.note("info", "x", ("a", 1, "none", "deeper"), "nearest")
    doc.note("info", "x", ("a", 7), "nearest")
    assert [(finding.line, finding.column) for finding in doc.findings] == [(4, 8), (4, 5), (3, 5), (2, 3)]
    assert doc.findings[0].key_path == "a[1].c"
    assert doc.is_plain(("a", 0, "b"))
    assert not doc.is_plain(("a", 1, "c"))
    assert not doc.is_plain(("a",))


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text("abz -:#'\"\n\t1é中😀", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(data=st.dictionaries(st.text("kqzw", min_size=1, max_size=4), PLAIN, min_size=1))
def test_data_written_by_the_stock_writer_comes_back(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    path = tmp_path_factory.mktemp("any") / "file.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    doc = Document(path)
    assert doc.data == data
    assert not doc.findings
