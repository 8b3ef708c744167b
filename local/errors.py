"""What can go wrong with the development stack; every message says what to do next.

StackError
├── PortTaken               the wished port belongs to another process
├── StateDirBusy            another stack already runs on this state directory
├── PartFailed              a part did not start, or ended by itself
├── CredentialsMissing      real Bedrock was asked for and no AWS credentials were found
├── QueueUnavailable        the local queue does not answer
├── ResourceDiffers         a kept table no longer fits template.yaml
├── NotRunning              a command needs a running stack and there is none
├── RequestRefused          the function answered with an error, or not at all
├── TokenUnusable           there is no token, or it names nobody
├── PathUnprobed            a path could not be measured
├── UnknownEvent            there is no sample event of that name
├── IndexUnusable           there is no such recall index, or this machine cannot search it
└── WrongLine               a line of input is not what the command reads
"""


class StackError(Exception):
    """The development stack cannot do what was asked; the text is meant for a person."""


class PortTaken(StackError):
    """The wished port belongs to another process."""


class StateDirBusy(StackError):
    """Another stack already runs on this state directory."""


class PartFailed(StackError):
    """A part of the stack did not start, or ended by itself."""


class CredentialsMissing(StackError):
    """Real Bedrock was asked for and no AWS credentials were found."""


class QueueUnavailable(StackError):
    """The local queue does not answer, or knows no such message."""


class ResourceDiffers(StackError):
    """A table kept from an earlier run no longer fits template.yaml."""


class NotRunning(StackError):
    """A command needs a running stack and there is none."""


class RequestRefused(StackError):
    """The function answered with an error, or not at all."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class TokenUnusable(StackError):
    """There is no token where one is needed, or it names nobody."""


class PathUnprobed(StackError):
    """Nothing answers on a path, or not with what can be measured."""


class UnknownEvent(StackError):
    """There is no sample event of that name."""


class IndexUnusable(StackError):
    """There is no such recall index, or this machine cannot search it."""


class WrongLine(StackError):
    """A line of input is not what the command reads."""
