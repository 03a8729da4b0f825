"""Stop texts are found literally, wherever the pieces of the text are cut."""

from __future__ import annotations

from hypothesis import given, strategies as st

from mrt.runtime.stop import StopFilter, cut_at_stop

alphabet = st.text("ab.*#\n", max_size=30)


def run(pieces: list[str], stop: list[str]) -> tuple[str, bool]:
    filter_ = StopFilter(stop)
    shown = ""
    for piece in pieces:
        shown += filter_.feed(piece)
        if filter_.stopped:
            return shown, True
    return shown + filter_.end(), False


@given(alphabet, st.lists(st.text("ab.*", min_size=1, max_size=4), min_size=1, max_size=3), st.data())
def test_pieces_do_not_change_the_cut(text: str, stop: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    shown, stopped = run(pieces, stop)
    places = [text.find(word) for word in stop if word in text]
    assert stopped == bool(places)
    # A stop text may be complete in one piece before an earlier, longer one is: the earliest end wins then.
    if not places:
        assert shown == text
    else:
        assert text.startswith(shown)
        assert any(text[len(shown) :].startswith(word) for word in stop)


def test_a_stop_text_is_no_pattern() -> None:
    assert cut_at_stop("one. two", ["."]) == "one"
    assert cut_at_stop("a*b", [".*"]) == "a*b"


def test_what_could_begin_a_stop_text_waits_and_comes_out_at_the_end() -> None:
    filter_ = StopFilter(["END"])
    assert filter_.feed("the E") == "the "
    assert filter_.feed("N") == ""
    assert filter_.end() == "EN"
