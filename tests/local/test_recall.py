"""`coach recall-index` and `coach recall`: texts of one's own in a file, and what is found in them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from click.testing import CliRunner, Result

from libs.memory.candidates import Candidate
from local.cli import main
from local.embedders import HashedNgrams
from local.recall_index import RecallIndex
from local.recall_texts import TextLine, in_order, orders, pieces
from local.recall_vectors import TextVectors
from local.recall_words import WordSearch

NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)
CHAT: Final = [
    {"id": "1", "text": "Nora: I adopted a greyhound from the shelter yesterday!", "createdAt": "2026-04-06"},
    {"id": "2", "text": "Tom: How lovely! What's the name?", "createdAt": "2026-04-06"},
    {"id": "3", "text": "Nora: Biscuit, and he is four years old.", "createdAt": "2026-04-06"},
    {"id": "4", "text": "Tom: I broke my wrist on the ice in March.", "createdAt": "2026-04-07"},
    {"id": "5", "text": "Nora: Then somebody else must knead your dough.", "createdAt": "2026-04-07"},
]


@pytest.fixture(autouse=True)
def by_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the vectors be those that every machine has; tests/test_what_is_recalled.py has the model's."""
    for module in ("local.recall_index", "local.commands.recall_index"):
        monkeypatch.setattr(f"{module}.installed_embedder", HashedNgrams)


def lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def index(file: Path, rows: Iterable[dict[str, Any]], *more: str) -> Result:
    return CliRunner().invoke(main, ["recall-index", "--index", str(file), *more], input=lines(rows))


def recall(file: Path, *arguments: str, said: str | None = None) -> Result:
    return CliRunner().invoke(main, ["recall", "--index", str(file), *arguments], input=said)


def ids(answer: str) -> list[str | int]:
    return [found["id"] for found in json.loads(answer)["results"]]


def test_what_was_indexed_is_found_with_its_scores(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    assert index(file, CHAT).output == "5 read, 5 in the index (hashed-ngrams; lexical-only)\n"
    answer = recall(file, "--k", "2", "Who broke a wrist?")
    assert (answer.exit_code, answer.stderr) == (0, "")
    document = json.loads(answer.stdout)
    assert document["query"] == "Who broke a wrist?"
    assert document["results"][0].keys() == {"id", "score", "similarity", "lexical"}
    assert (ids(answer.stdout)[0], len(document["results"])) == ("4", 2)


def test_a_text_takes_the_place_of_an_earlier_one_of_its_id(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    index(file, CHAT)
    again = [{"id": "4", "text": "Tom: I sold my bicycle."}, {"id": "6", "text": "Tom: My wrist is fine."}]
    assert index(file, again).output.startswith("2 read, 6 in the index")
    assert ids(recall(file, "--k", "1", "wrist").stdout) == ["6"]
    assert ids(recall(file, "--k", "1", "bicycle").stdout) == ["4"]
    assert sorted(map(str, ids(recall(file, "--k", "9", "anything").stdout))) == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
    ]


def test_the_last_of_two_texts_of_one_id_counts(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    index(file, [{"id": "1", "text": "an apple"}, {"id": "1", "text": "a pear"}])
    (found,) = json.loads(recall(file, "pear").stdout)["results"]
    assert found["lexical"] == pytest.approx(1.0)


def test_every_query_line_gets_its_answer_with_its_id_and_its_k(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    index(file, CHAT)
    asked: list[dict[str, Any]] = [{"id": "q1", "query": "wrist", "k": 1}, {"query": "greyhound"}]
    first, second = recall(file, "--k", "3", said=lines(asked)).stdout.splitlines()
    assert (json.loads(first)["id"], ids(first)) == ("q1", ["4"])
    assert (json.loads(second)["query"], ids(second)[0], len(ids(second))) == ("greyhound", "1", 3)


def test_only_what_is_relevant_may_be_nothing(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    index(file, CHAT)
    assert ids(recall(file, "--relevant", "What is the capital of Mongolia?").stdout) == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("no json", "line 2"),
        ('{"text": "x"}', "line 2: id"),
        ('{"id": "x", "text": " "}', "line 2: text"),
        ('{"id": "x", "text": "x", "createdAt": "soon"}', "line 2: createdAt"),
        ('{"id": true, "text": "x"}', "line 2: id"),
        ("[" * 100_000, "line 2: invalid JSON"),
        ('{"id": ' + "9" * 5_000 + ', "text": "x"}', "line 2: invalid JSON"),
        ('["x"]', "line 2: the line"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_kept(tmp_path: Path, row: str, fault: str) -> None:
    file = tmp_path / "chat.npz"
    result = CliRunner().invoke(
        main, ["recall-index", "--index", str(file)], input=f"{json.dumps(CHAT[0])}\n{row}\n"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert fault in result.stderr
    assert not file.exists()


def test_a_wrong_query_is_named(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    index(file, CHAT)
    result = recall(file, said='{"query": "x", "k": 0}\n')
    assert (result.exit_code, "line 1: k" in result.stderr) == (1, True)


def test_names_that_mean_nothing_are_told_once(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    result = index(file, [{**row, "session": 3, "date": "x"} for row in CHAT])
    assert (result.exit_code, result.stderr) == (0, "coach: ignored: date, session\n")
    answer = recall(file, said=lines([{"query": "wrist", "answers": ["4"]}]))
    assert (answer.exit_code, answer.stderr) == (0, "coach: ignored: answers\n")
    assert ids(answer.stdout)[0] == "4"


def test_ids_that_are_numbers_stay_numbers(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    index(file, [{**row, "id": int(str(row["id"]))} for row in CHAT])
    assert ids(recall(file, "--k", "1", "wrist").stdout) == [4]
    assert index(file, [{"id": "4", "text": "It rains."}]).output.startswith("1 read, 5 in the index")
    (answer,) = recall(file, said='{"query": "rain", "id": 7, "k": 1}\n').stdout.splitlines()
    assert (json.loads(answer)["id"], ids(answer)) == (7, ["4"])


def test_texts_with_every_kind_of_line_end_outlive_their_process(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    odd = [
        {"id": str(place), "text": f"wrist{end}and dough"} for place, end in enumerate("\u2028\u0085\x0c\0\n")
    ]
    assert index(file, odd).exit_code == 0
    assert sorted(map(str, ids(recall(file, "wrist").stdout))) == ["0", "1", "2", "3", "4"]


def test_half_a_character_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    assert index(file, [{"id": "1", "text": "a torn emoji \ud83d"}]).exit_code == 0
    assert ids(recall(file, said='{"query": "torn \\ud83d"}').stdout) == ["1"]


def test_lines_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    read = CliRunner().invoke(main, ["recall-index", "--index", str(file)], input="\ufeff" + lines(CHAT))
    assert read.output.startswith("5 read, 5 in the index")


@pytest.mark.parametrize("query", ["", " \n"])
def test_a_blank_question_is_a_wrong_use(tmp_path: Path, query: str) -> None:
    file = tmp_path / "chat.npz"
    index(file, CHAT)
    result = recall(file, query)
    assert (result.exit_code, result.stdout, "QUERY" in result.stderr) == (2, "", True)


def test_where_nothing_can_be_written_that_is_told_before_the_work(tmp_path: Path) -> None:
    file = tmp_path / "no" / "such" / "chat.npz"
    result = index(file, CHAT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be written (No such file or directory); choose another file" in result.stderr


def test_of_texts_with_the_same_words_the_first_are_found() -> None:
    alike = [Candidate(str(n), "", "The ice broke my wrist.", None) for n in range(90)]
    found = WordSearch.of(alike, before=np.full(90, -1)).best("wrist on the ice", 30)
    assert found == [*range(30)]


def test_a_missing_index_and_one_that_is_none_are_told(tmp_path: Path) -> None:
    assert "make one with: coach recall-index" in recall(tmp_path / "no.npz", "x").stderr
    other = tmp_path / "other.npz"
    other.write_text("{}")
    assert "is no recall index" in recall(other, "x").stderr
    assert "is no recall index" in index(other, CHAT).stderr
    assert other.read_text() == "{}"


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    assert index(file, []).output.startswith("0 read, 0 in the index")
    assert ids(recall(file, "anything").stdout) == []


@pytest.mark.parametrize(
    "text", ["日本語のテキスト", "Привет, мир!", "🏋️ schwer", "مرحبا", "x" * 50_000, "wrist. " * 9_000]
)
def test_any_text_can_be_kept_and_found(tmp_path: Path, text: str) -> None:
    file = tmp_path / "chat.npz"
    index(file, [*CHAT, {"id": "any", "text": text}])
    assert ids(recall(file, "--k", "1", text[:40]).stdout) == ["any"]


def test_who_speaks_and_what_came_before_are_known_from_the_texts() -> None:
    told = RecallIndex(HashedNgrams()).with_texts(
        [TextLine.model_validate(row) for row in CHAT], ordered=True
    )
    assert [text.speaker for text in told.texts] == ["Nora", "Tom", "Nora", "Tom", "Nora"]
    found = {one.candidate.id: one.candidate for one in told.search("the greyhound's name", k=5, at=NOW)}
    assert (found["3"].neighbour, found["3"].heading) == (
        "How lovely! What's the name?\nI broke my wrist on the ice in March.",
        "Nora: ",
    )


def test_texts_in_no_order_have_no_neighbours() -> None:
    mixed = [
        TextLine(id=str(n), text=text) for n, text in enumerate(["an apple", "two cars", "rain", "a cello"])
    ]
    told = RecallIndex(HashedNgrams()).with_texts(mixed)
    assert [text.follows for text in told.texts] == [None] * 4
    assert [text.follows for text in in_order(mixed)] == [None, "0", "1", "2"]


@pytest.mark.parametrize(
    ("ids", "times"),
    [(["D1:9", "D1:10", "D2:1", "D10:1"], False), (["x", "c", "b", "a"], True)],
    ids=["by-ids", "by-times"],
)
def test_the_orders_in_which_texts_may_have_been_said(ids: list[str], times: bool) -> None:
    said = [
        TextLine(id=id_, text="x", created_at=NOW.replace(day=day) if times else None)
        for day, id_ in enumerate(ids, start=1)
    ]
    mixed = [said[2], said[0], said[3], said[1]]
    first, *others = orders(mixed)
    assert first == [0, 1, 2, 3]
    assert [mixed[place].id for place in others[0]] == ids
    assert [text.follows for text in in_order(mixed, others[0])] == [ids[1], None, ids[2], ids[0]]


def test_a_conversation_that_was_mixed_up_is_put_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TextVectors, "are_in_order", lambda _self, order: [*order] == [4, 3, 2, 1, 0])
    told = RecallIndex(HashedNgrams()).with_texts([TextLine.model_validate(row) for row in CHAT[::-1]])
    assert [(text.id, text.follows) for text in told.texts][:2] == [("5", "4"), ("4", "3")]


def test_an_index_outlives_its_process(tmp_path: Path) -> None:
    file = tmp_path / "chat.npz"
    before = RecallIndex(HashedNgrams()).with_texts([TextLine.model_validate(row) for row in CHAT])
    before.save(file)
    after = RecallIndex.load(file)
    for query in ("wrist", "What's Nora's dog called?"):
        assert after.search(query, k=5, at=NOW) == before.search(query, k=5, at=NOW)
    assert [one.name for one in tmp_path.iterdir()] == ["chat.npz"]


def test_a_long_text_is_embedded_whole_and_by_its_sentences() -> None:
    short, long = (
        "Hi there. All is well here.",
        "It rains today in Leeds again. Wow! " + "Then I ran far. " * 9,
    )
    assert pieces(short) == [(short, True)]
    whole, *parts = pieces(long)
    assert whole == (long.strip(), True)
    assert ("It rains today in Leeds again.", False) in parts
    assert ("Wow!", False) not in parts
    assert all(len(piece.split()) <= 150 for piece, _ in pieces("We ran five miles up the hill. " * 200))
