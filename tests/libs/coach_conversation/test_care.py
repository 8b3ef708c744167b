"""What asks for care, on labelled messages; the figures are printed.

Each message in care_messages.jsonl has a `half`. The rules were tuned on `tuned` only. `held_out` was
written before the tuning (`imagined`), or after it (`overheard`: how strangers put it in forums and diaries,
reworded; `oblique`: hints, without a word that names it), or by somebody who had never seen the rules
(`blind`, half of it in `tuned`). It is never looked at message by message: what fails there is not printed,
and not mended. `thought_up` was written to tune by. Hints are what the router's `careConcern` is for.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation import care
from libs.coach_conversation.care import Kind, Rules, Signs, assess, wording
from libs.coach_conversation.care.phrase_syntax import Slot, Slots, folded, spelled_out
from libs.coach_conversation.care.phrases import Phrases
from tests.conftest import Figures

FILE: Final = Path(__file__).parents[2] / "data" / "care_messages.jsonl"
MESSAGES: Final[list[dict[str, Any]]] = [json.loads(line) for line in FILE.read_text().splitlines()]
KINDS: Final = get_args(Kind.__value__)
RULES: Final = Rules.model_validate_json(care.FILE.read_bytes())
SIGNS: Final = Signs.model_validate_json(care.SIGNS.read_bytes())
LONGEST: Final = 16_384

LEAST_RECALL: Final = {
    "tuned": {"self_harm": 0.9, "chest_pain": 0.9, "acute_injury": 0.88, "eating_disorder": 0.88},
    "held_out": {"self_harm": 0.58, "chest_pain": 0.75, "acute_injury": 0.7, "eating_disorder": 0.66},
}
"""Below what was measured. Of the held-out messages more than half are hints."""
MOST_FALSE_ALARMS: Final = {"tuned": 0.03, "held_out": 0.07}
SOURCES: Final = ("imagined", "overheard", "oblique", "blind", "thought_up")
STYLES: Final = ("plain", "hint", "about_other", "everyday", "tempting")


def labelled(half: str, kind: str | None, **also: str) -> list[str]:
    return [
        one["text"]
        for one in MESSAGES
        if one["half"] == half and one["kind"] == kind and also.items() <= one.items()
    ]


def alarmed(texts: list[str]) -> float:
    """Return the share of texts that are taken for alarms."""
    return sum(assess(text) is not None for text in texts) / len(texts)


def measured(half: str) -> Iterator[str]:
    """Yield a line for each kind: the share that is found, by where the messages are from."""
    for kind in (*KINDS, None):
        parts = {source: labelled(half, kind, source=source) for source in SOURCES}
        parts |= {f"blind {style}": labelled(half, kind, style=style) for style in STYLES}
        shares = [f"{name} {alarmed(texts):4.0%} of {len(texts):2}" for name, texts in parts.items() if texts]
        texts = labelled(half, kind)
        share = f"recall {alarmed(texts):4.0%}" if kind else f"false alarms {alarmed(texts):.1%}"
        yield f"care, {half}, {kind or 'ordinary'}: {share} of {len(texts):2}   {'   '.join(shares)}"


@pytest.mark.parametrize("half", ["tuned", "held_out"])
def test_alarms_are_found_and_ordinary_talk_is_left_alone(half: str, figures: Figures) -> None:
    for line in measured(half):
        figures(line)
    recall = {kind: alarmed(labelled(half, kind)) for kind in KINDS}
    assert [kind for kind in KINDS if recall[kind] < LEAST_RECALL[half][kind]] == []
    false_alarms = alarmed(labelled(half, None))
    assert false_alarms <= MOST_FALSE_ALARMS[half]


def test_what_is_found_is_nearly_always_of_the_right_kind() -> None:
    found = [(one["kind"], need.kind) for one in MESSAGES if (need := assess(one["text"])) and one["kind"]]
    assert sum(kind == told for kind, told in found) / len(found) >= 0.95


def test_there_are_enough_messages_and_none_is_there_twice() -> None:
    counts = Counter((one["half"], one["kind"] is not None) for one in MESSAGES)
    assert all(count >= 100 for count in counts.values())
    assert len({one["text"] for one in MESSAGES}) == len(MESSAGES)


@pytest.mark.parametrize(
    "text",
    [
        "this killed my legs",
        "I want to die after burpees",
        "my chest is sore from bench",
        "I'm dying to try",
        "cut for the season",
        "hurt so good",
        "suicide sprints",
        "skull crushers",
        "death by burpees",
    ],
)
def test_training_talk_is_no_alarm(text: str) -> None:
    assert assess(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no chest pain, no dizziness", None),
        ("I don't have chest pain", None),
        ("I don't know, chest pain maybe", "chest_pain"),
        ("not only chest pain", "chest_pain"),
        ("I never smoke but I have chest pain", "chest_pain"),
        ("I did not eat, I fainted", "chest_pain"),
        ("I tore my hamstring ten years ago", None),
        ("I tore my hamstring", "acute_injury"),
        ("I don't want to kill myself but I can't go on like this", "self_harm"),
        ("I'd never attempt suicide again, I said", "self_harm"),
        ("CHEST PAIN!!!", "chest_pain"),
        ("i wanna dieeee", "self_harm"),
        ("sucidal", "self_harm"),
        ("Ich habe Schmerzen in der Brust", "chest_pain"),
        ("my chest hurts and I want to die", "self_harm"),
        ("I threw up my dinner on purpose and now I fainted", "chest_pain"),
    ],
)
def test_a_message_is_read_with_what_stands_around_its_words(text: str, kind: str | None) -> None:
    need = assess(text)
    assert (need.kind if need is not None else None) == kind


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("I want to die", "I'm really glad you told me"),
        ("Ich möchte mich umbringen", "Gut, dass du mir das sagst"),
        ("No quiero vivir más", "Me alegro de que me lo cuentes"),
        ("Je veux en finir avec la vie", "Merci de me l'avoir dit"),
    ],
)
def test_the_line_is_in_the_language_of_the_message(text: str, begins: str) -> None:
    need = assess(text)
    assert need is not None
    assert need.line.startswith(begins)


@pytest.mark.parametrize(
    ("kind", "language", "line"),
    [(kind, language, line) for kind, one in RULES.kinds.items() for language, line in one.lines.items()],
)
def test_every_line_is_calm_short_and_says_where_help_is(kind: str, language: str, line: str) -> None:
    assert "112" in line
    assert ("findahelpline.com" in line) is (kind in ("self_harm", "eating_disorder"))
    assert "!" not in line
    assert len(line) <= 500


def test_every_kind_speaks_every_language() -> None:
    assert {kind: (set(one.lines), set(one.alarms)) for kind, one in RULES.kinds.items()} == {
        kind: ({"en", "de", "es", "fr"}, {"en", "de", "es", "fr"}) for kind in KINDS
    }


def _words() -> Iterator[str]:
    """Yield the words that phrases are made of."""
    kinds = RULES.kinds.values()
    alarms = (phrase for one in kinds for some in one.alarms.values() for phrase in some)
    calm = (phrase for one in kinds for phrase in (*one.calm, *one.still))
    signs = (phrase for one in SIGNS.kinds.values() for sign in one.signs.values() for phrase in sign.phrases)
    yield from (
        word for groups in (RULES.groups, SIGNS.groups) for group in groups.values() for word in group
    )
    for phrase in (*RULES.idioms, *RULES.ordinary, *RULES.earnest, *alarms, *calm, *signs):
        for part in phrase.removeprefix("!").split():
            if not part.startswith(("..", "&")):
                choices = part.removesuffix("?").replace("_", "|").split("|")
                yield from (word for word in choices if word[0] not in "@#")


def test_every_word_of_the_rules_is_one_that_a_message_can_have() -> None:
    words = sorted(set(_words()))
    assert [word for word in words if len(wording.read(word, {})) != 2 and word != "."] == []
    assert [word for word in words if wording.read(word, RULES.spellings) != wording.read(word, {})] == []


def test_every_way_to_say_a_phrase_is_found() -> None:
    alarms = [phrase for one in RULES.kinds.values() for some in one.alarms.values() for phrase in some]
    phrases = [phrase.removeprefix("!") for phrase in (*alarms, *RULES.idioms)]
    found = Phrases([(phrase, phrase) for phrase in phrases], RULES.groups, RULES.common)
    slots = Slots({name: frozenset(map(folded, words)) for name, words in RULES.groups.items()})
    for phrase in phrases:
        for way in spelled_out(phrase.split()):
            assert phrase in {hit.tag for hit in found.find([_said(slot) for slot in slots.of(way)])}


def _said(slot: Slot) -> str:
    if slot.is_number:
        return str(int(slot.over) + 1)
    return max(slot.words)


@given(st.text())
def test_any_text_is_assessed(text: str) -> None:
    assess(text)


@given(st.lists(st.sampled_from(["chest", "pain", "die", "no", "want", "to", ".", ",", "500", "calories"])))
def test_any_row_of_telling_words_is_assessed(words: list[str]) -> None:
    assess(" ".join(words))


def test_the_longest_message_is_read_in_a_blink() -> None:
    plan = (
        "Week one: squat 5x5 at 100 kg, then bench 3x8 and easy rows. On Tuesday I run 10 km at 5:30. " * 200
    )
    assess(plan)
    spent_s = []
    for _ in range(5):
        began_s = time.thread_time()
        assess(plan[:LONGEST])
        spent_s.append(time.thread_time() - began_s)
    assert min(spent_s) < 0.05


@pytest.mark.parametrize("text", ["my chest " + "9" * 5000 + " hurts", "suicide " * 2000, "9" * 16_000])
def test_any_text_of_any_length_is_read(text: str) -> None:
    care.assess(text)
