import pytest

from libs.coach_conversation.care.phrases import Hit, Phrases
from libs.coach_conversation.care.wording import read

GROUPS = {"joint": ("knee", "ankle"), "many": ("three", "four")}


def found(phrase: str, text: str, *, common: tuple[str, ...] = ()) -> list[str]:
    words = read(text, {})
    hits = Phrases([(phrase, "tag")], GROUPS, common).find(words)
    return [" ".join(words[hit.start : hit.end]) for hit in hits]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("chest pain", "I have chest pain", ["chest pain"]),
        ("chest pain", "Chest. Pain!", []),
        ("chest pain", "chest, pain", []),
        ("chest|heart pain", "heart pain", ["heart pain"]),
        ("my @joint", "my ankle and my knee", ["my ankle", "my knee"]),
        ("felt .. pop", "felt a very loud pop", ["felt a very loud pop"]),
        ("felt .. pop", "felt a very very loud pop", []),
        ("felt ..4 pop", "felt a very very loud pop", ["felt a very very loud pop"]),
        ("felt .. pop", "felt it. Pop", []),
        ("felt .. pop", "felt a pop and a pop", ["felt a pop"]),
        ("chest & hurts", "it hurts in my chest", ["hurts in my chest"]),
        ("chest & hurts", "my chest really hurts", ["chest really hurts"]),
        ("chest &1 hurts", "my chest really badly hurts", []),
        ("no the? point", "no point", ["no point"]),
        ("no the? point", "no the point", ["no the point"]),
        ("wish i|it_all ..1 ended", "I wish it all ended", ["wish it all ended"]),
        ("wish i|it_all ..1 ended", "I wish I just ended", ["wish i just ended"]),
        ("only #<900 calories", "only 400 calories", ["only 400 calories"]),
        ("only #<900 calories", "only 1,400 calories", []),
        ("#>4 kilos", "4 kilos, 5 kilos", ["5 kilos"]),
        ("#>6 out of 10", "it is 8 out of 10", ["8 out of 10"]),
        ("#>6 out of 10", "it is 8 out of 100", []),
        ("call 911", "I call 911 now", ["call 911"]),
        ("#|@many days", "three days, 3 days", ["three days", "3 days"]),
        ("stop eating .", "I'll stop eating", ["stop eating ."]),
        ("stop eating .", "stop eating bread", []),
        ("Öfter müde", "oft, öfter müde", ["ofter mude"]),
    ],
)
def test_a_phrase_is_found_where_it_stands(phrase: str, text: str, expected: list[str]) -> None:
    assert found(phrase, text) == expected


@pytest.mark.parametrize("common", [(), ("my",), ("my", "chest"), ("my", "chest", "hurts")])
def test_what_is_found_does_not_depend_on_what_is_common(common: tuple[str, ...]) -> None:
    assert found("my .. chest .. hurts", "my whole chest now hurts", common=common) == [
        "my whole chest now hurts"
    ]


def test_a_hit_says_where_and_by_its_tag_what() -> None:
    phrases = Phrases([("chest pain", "chest"), ("knee pain", "knee")], GROUPS, ())
    assert list(phrases.find(["my", "knee", "pain"])) == [Hit(1, 3, "knee")]


def test_an_unknown_group_is_a_mistake_in_the_data() -> None:
    with pytest.raises(KeyError, match="elbows"):
        list(Phrases([("my @elbows", None)], GROUPS, ()).find(["my", "knee"]))


@pytest.mark.parametrize(("text", "expected"), [("800 a day", ["800 a day"]), ("1000 a day", [])])
def test_a_phrase_that_is_looked_up_by_its_number_keeps_the_bounds(text: str, expected: list[str]) -> None:
    assert found("#<900 a day", text, common=("a", "day")) == expected
