"""The `coach` command: the development stack and what one does with it."""

import importlib

import click

# A subcommand's module is read only when it is needed, so that `coach token` costs no HTTP client.
SUBCOMMANDS = {
    "up": "Start the whole local stack and keep it running.",
    "say": "Say something to the coach and see the answer as it is written.",
    "chat": "Talk to the coach, turn after turn.",
    "words": "Show word by word whether the way to the function buffers.",
    "probe": "Measure whether the path to a service buffers, and say so.",
    "doctor": "Check a deployed service, and show what was expected and what was seen.",
    "token": "Print a token that the local stack accepts.",
    "event": "Print a sample invocation with fresh tokens.",
    "recall-index": "Add texts to an index of one's own.",
    "recall": "Ask an index, as the coach asks its memory.",
}


class LazyGroup(click.Group):
    """A group whose subcommands are modules of `local.commands`, each with a command of its own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in SUBCOMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"local.commands.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Run the streaming coach on this machine, talk to it, and examine a deployed one.

    \b
    Examples:
      coach up --demo                       # start everything, see one turn, keep serving
      coach say "How should I warm up?"     # in a second terminal
      coach words --delay 0.2               # is anything buffering?
    """


if __name__ == "__main__":
    main()
