from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming.errors import InvalidProbeOptions
from libs.streaming.probe import ProbeOptions, is_probe, parse_options, words

START = datetime(2026, 11, 21, 7, 50, 0, 123_456, tzinfo=UTC)


class Clock:
    """Time passes only while someone sleeps."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.moment


def said(options: ProbeOptions, clock: Clock) -> Iterator[bytes]:
    return words(options, request_id="r-1", sleep=clock.sleep, now=clock.now)


def test_json_is_a_line_a_write() -> None:
    assert list(said(ProbeOptions(delay_s=0.25, sentence='Grüß "Gott"'), Clock())) == [
        b'{"status":"start","request_id":"r-1","word_count":2,"timestamp":"2026-11-21T07:50:00.123Z"}\n',
        '{"type":"word","data":"Grüß","sequence":1,"total":2,"timestamp":"2026-11-21T07:50:00.123Z"}\n'.encode(),
        b'{"type":"word","data":"\\"Gott\\"","sequence":2,"total":2,"timestamp":"2026-11-21T07:50:00.373Z"}\n',
        b'{"status":"complete","word_count":2,"timestamp":"2026-11-21T07:50:00.373Z"}\n',
    ]


def test_text_is_a_word_a_write() -> None:
    assert list(said(ProbeOptions(format="text", sentence=" Hello  big\nworld "), Clock())) == [
        b"Hello ",
        b"big ",
        b"world\n",
    ]


def test_the_defaults_say_the_whole_sentence() -> None:
    clock = Clock()
    assert parse_options({}) == ProbeOptions(
        0.5, "json", "Hello this is a streaming Lambda function response"
    )
    assert len(list(said(parse_options({}), clock))) == 10
    assert clock.slept == [0.5] * 7


def test_each_word_leaves_before_the_next_delay() -> None:
    clock = Clock()
    writes = said(ProbeOptions(format="text"), clock)
    assert (next(writes), clock.slept) == (b"Hello ", [])
    assert (next(writes), clock.slept) == (b"this ", [0.5])


def test_times_are_given_in_utc() -> None:
    clock = Clock(datetime(2026, 11, 21, 9, 0, tzinfo=timezone(timedelta(hours=2))))
    assert b'"timestamp":"2026-11-21T07:00:00.000Z"' in next(said(ProbeOptions(), clock))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"delay": "0"}, ProbeOptions(delay_s=0)),
        ({"delay": 0}, ProbeOptions(delay_s=0)),
        ({"delay": "0.05"}, ProbeOptions(delay_s=0.05)),
        ({"delay": ".5"}, ProbeOptions(delay_s=0.5)),
        ({"delay": 10}, ProbeOptions(delay_s=10)),
        ({"format": "text", "sentence": "a b"}, ProbeOptions(format="text", sentence="a b")),
        ({"protocol": "typed", "action": None}, ProbeOptions()),
        ({"sentence": "x" * 4_096}, ProbeOptions(sentence="x" * 4_096)),
        ({"sentence": "x " * 200}, ProbeOptions(sentence="x " * 200)),
        ({"sentence": "x " * 25, "delay": 10}, ProbeOptions(delay_s=10, sentence="x " * 25)),
    ],
)
def test_options_come_from_a_query_or_from_json(values: Mapping[str, object], expected: ProbeOptions) -> None:
    assert parse_options(values) == expected


DELAY = "'delay' is not a number of seconds; use 0 to 10"
SENTENCE = "'sentence' must have 1 to 200 words"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        *[
            ({"delay": delay}, DELAY)
            for delay in (
                -0.1, 10.1, "-1", "11", "", " 1", "1s", "1e1", "1_0", "nan", "inf", "٣", "1" * 400, None,
                True, [1], float("nan"), float("inf"), 10**400,
            )
        ],
        ({"format": "xml"}, "there is no 'format' 'xml'; use 'json' or 'text'"),
        ({"format": "JSON"}, "there is no 'format' 'JSON'; use 'json' or 'text'"),
        ({"format": None}, "'format' is not text; use 'json' or 'text'"),
        ({"sentence": ""}, SENTENCE),
        ({"sentence": " \n"}, SENTENCE),
        ({"sentence": "x " * 201}, SENTENCE),
        ({"sentence": "ä" * 2_049}, "'sentence' is too long; send at most 4096 bytes"),
        ({"sentence": 7}, "'sentence' is not text; send a string"),
        ({"sentence": "\ud800"}, "'sentence' is not text; send a string"),
        (
            {"sentence": "x " * 26, "delay": 10},
            "26 words at a delay of 10 s take too long; stay under 240 s in all",
        ),
    ],
)  # fmt: skip
def test_an_option_out_of_range_is_refused(values: Mapping[str, object], message: str) -> None:
    with pytest.raises(InvalidProbeOptions) as caught:
        parse_options(values)
    assert (caught.value.code, str(caught.value)) == ("INVALID_PROBE_OPTIONS", message)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"delay": 0.1}, True),
        ({"format": "text"}, True),
        ({"sentence": "a", "other": 1}, True),
        ({"delay": None}, True),
        ({}, False),
        ({"messages": []}, False),
        ({"action": "chat-v2-stream", "payload": {}, "format": "text"}, False),
    ],
)
def test_the_probe_is_asked_for_by_naming_an_option(payload: Mapping[str, object], expected: bool) -> None:
    assert is_probe(payload) is expected


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_text_says_every_word_once(sentence: str) -> None:
    if sentence.split():
        writes = list(said(ProbeOptions(format="text", sentence=sentence), Clock()))
        assert b"".join(writes).decode() == " ".join(sentence.split()) + "\n"
        assert len(writes) == len(sentence.split())
