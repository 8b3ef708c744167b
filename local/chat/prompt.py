"""Where a person types: history, several lines, and the commands to choose from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from local.chat.slash import COMMANDS, TO_THE_COACH

CONTINUATION: Final = "… "


def typed_lines(user: str, history_file: Path) -> Iterator[str]:
    """Yield what the person sends, until Ctrl-D, or Ctrl-C twice on an empty line."""
    history_file.parent.mkdir(parents=True, exist_ok=True)
    history_file.touch(mode=0o600)
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history_file)),
        multiline=True,
        key_bindings=_keys(),
        completer=WordCompleter([*COMMANDS, *TO_THE_COACH], sentence=True),
        complete_while_typing=False,
        prompt_continuation=CONTINUATION,
    )
    pressed = 0
    while True:
        try:
            line = session.prompt(HTML("<b>{}</b> › ").format(user))
        except KeyboardInterrupt:
            pressed += 1
            if pressed > 1:
                return
            print("Ctrl-C again, or Ctrl-D, leaves; /help shows what there is")
            continue
        except EOFError:
            return
        pressed = 0
        if line.strip():
            yield line


def _keys() -> KeyBindings:
    keys = KeyBindings()

    # What is typed ahead, while an answer is shown, ends its lines with c-j.
    @keys.add("enter")
    @keys.add("c-j")
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    @keys.add("escape", "c-j")
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
