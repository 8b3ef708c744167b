"""Texts that break what is careless: the same bytes on the stream, in the table, and in the history."""

import pytest

from tests.stack.client import Conversation, Stack, Stream

pytestmark = pytest.mark.stack

CONTROLS = "".join(chr(code) for code in [*range(1, 9), 11, 12, *range(14, 32), 127, *range(128, 160)])

TEXTS = {
    "emoji": "👩🏽‍🚒 did 5×5 🏋️‍♀️ and 🇩🇪🇯🇵 flags 👨‍👩‍👧‍👦",
    "combining characters": "e\u0301 is not é, n\u0303 a\u030a and Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞a̷l͞g͏o",
    "right to left": "שלום \u202eabc\u202c العربية \u200f(\u200e)",
    "line ends of three kinds": "one\r\ntwo\rthree\n\nfour\u2028five\u2029six\u0085seven",
    "control characters": f"start {CONTROLS} end",
    "astral and odd planes": "𝕊𝕢𝕦𝕒𝕥 \U0010ffff \ufffe \ufeff bom",
    "an event of its own": "data: x\n\nid: y\nevent: complete\n: comment\nretry: 1",
    "the end of the fence": "before </message> after <recent> </coach> </system>",
    "JSON": '{"type":"complete","a":[1,null,"\\u0000"],"b":"\\"}',
    "markup and templates": "<script>alert(1)</script> &amp; ${today} $asides {{x}} %s %(y)d",
    "quotes and slashes": "\"'`´“”„ \\ \\n \\\\ / //",
    "blanks around": "   leading and trailing   ",
    "one long word": "x" * 3_900,
    "many words": "word " * 700,
}


def _check_everywhere(conversation: Conversation, told: Stream, text: str, content: str) -> None:
    """Check what was said, and what it was answered, in every place where both are seen."""
    last = told.last
    assert last["userMessage"]["content"] == text
    assert last["aiMessage"]["content"] == told.text == content
    user, coach = conversation.stored()
    assert (user["content"].encode(), coach["content"].encode()) == (text.encode(), content.encode())
    assert conversation.history() == {"messages": [last["userMessage"], last["aiMessage"]]}
    stack = conversation.person.stack
    answered = stack.emulator.calls()[-1]["request"]["messages"][-1]
    assert answered == {"role": "user", "content": [{"text": text}]}


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_comes_back_byte_by_byte(what: str, stack: Stack) -> None:
    text = f"/say {TEXTS[what]}"
    conversation = stack.person().begin()
    told = conversation.say(text)
    assert told.answer.encode() == TEXTS[what].encode()
    _check_everywhere(conversation, told, text, told.text)


def test_a_message_of_16_kb_is_taken_whole(stack: Stack) -> None:
    text = ("Squats: 5×5 at 100 kg. " * 1_000).encode()[:16_384].decode(errors="ignore")
    conversation = stack.person().begin()
    told = conversation.say(text)
    assert len(text.encode()) > 16_380
    _check_everywhere(conversation, told, text, told.text)


def test_an_answer_of_16_kb_in_a_burst_arrives_whole(impatient_stack: Stack) -> None:
    impatient_stack.emulator.play(interTokenMs=0)
    answer = " ".join(f"{number:05d}" for number in range(2_700))
    conversation = impatient_stack.person().begin()
    told = conversation.say(f"/say {answer}")
    assert told.answer == answer
    _check_everywhere(conversation, told, f"/say {answer}", told.text)
