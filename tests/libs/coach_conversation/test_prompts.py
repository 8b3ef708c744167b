import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation import prompts

FIELDS = {
    "care": {"about", "line"},
    "chat_system": set[str](),
    "coach_memories": {"memories"},
    "coach_moment": {"today", "intent", "asides"},
    "coach_recalled": {"recalled"},
    "coach_summary": {"summary"},
    "coach_system": {"name", "persona", "specialities", "style", "goals", "limits"},
    "coach_workouts": {"workouts"},
    "extraction_message": {"now", "message"},
    "memory_system": set[str](),
    "router_message": {"recent", "message"},
    "router_system": set[str](),
    "summary_message": {"previous", "conversation"},
    "summary_system": set[str](),
    "workout_system": set[str](),
}


def test_every_prompt_is_in_this_table() -> None:
    assert {path.stem for path in prompts.FOLDER.glob("*.md")} == set(FIELDS)


@pytest.mark.parametrize(("name", "fields"), FIELDS.items())
def test_a_prompt_wants_these_fields(name: str, fields: set[str]) -> None:
    assert prompts.fields(name) == fields


@pytest.mark.parametrize(("name", "fields"), FIELDS.items())
def test_every_field_shows_in_the_prompt(name: str, fields: set[str]) -> None:
    rendered = prompts.render(name, **{field: f"<{field}>" for field in fields})
    assert all(f"<{field}>" in rendered for field in fields)
    assert "$" not in rendered


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"prompt 'router_message' wants \['message', 'recent'\], got \['recent'\]"
    ):
        prompts.render("router_message", recent="")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"wants \['message', 'recent'\], got \['message', 'mood', 'recent'\]"
    ):
        prompts.render("router_message", recent="", message="", mood="")


def test_what_fills_a_field_is_not_read_as_a_template() -> None:
    rendered = prompts.render("router_message", recent="$message ${today} $$", message="m")
    assert "$message ${today} $$" in rendered


@pytest.mark.parametrize("name", FIELDS)
def test_a_rendered_prompt_has_no_blank_ends(name: str) -> None:
    rendered = prompts.render(name, **dict.fromkeys(FIELDS[name], "x"))
    assert rendered == rendered.strip()


@given(st.text(alphabet="</\\mesag> coh\n", max_size=40))
def test_what_a_person_says_cannot_close_a_tag(text: str) -> None:
    assert "</" not in prompts.as_data(text)


@pytest.mark.parametrize("text", ["", "I squat 5x5 at < 100 kg / week", "a > b", "3/4", "<3"])
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert prompts.as_data(text) == text
