"""What can go wrong with a turn. No class here knows HTTP; one table in the shell maps them.

TurnError
├── Unforeseen
├── TurnRefused                 before the turn exists; nothing was written, no model called
│   ├── ConversationNotFound
│   ├── CoachConfigNotFound
│   ├── ConversationBusy
│   ├── RateLimited
│   ├── BudgetExceeded
│   ├── IdempotencyKeyReused
│   ├── InvalidUserResponse
│   ├── InvalidTimestamp
│   ├── InvalidCursor
│   ├── InvalidCoachConfig
│   ├── TurnNotFound
│   ├── JobNotFound
│   ├── WorkoutNotFound
│   ├── MemoryNotFound
│   ├── InvalidMemory
│   ├── DataBeingDeleted
│   └── StoreUnavailable
└── TurnFailed                  after `start`; ends the stream with one `error`
    ├── ModelFailed
    │   ├── ModelThrottled
    │   ├── ModelUnavailable
    │   ├── ModelRefused
    │   │   └── ProviderNotConfigured
    │   └── ModelStreamInterrupted
    │       └── ModelSilent
    ├── CoachConfigMissing
    ├── DeadlineReached
    ├── TurnCancelled
    ├── TurnLost
    └── TurnNotSaved

TaskFailed                      after a completed turn, whose answer stands; nobody is told
└── ExtractionMalformed
"""

from collections.abc import Sequence
from typing import ClassVar


class TurnError(Exception):
    """Any foreseen failure of a turn: `code` for programs, the text for people."""

    code: ClassVar[str] = "PROCESSING_ERROR"
    retryable: ClassVar[bool] = False


class Unforeseen(TurnError):
    """A fault of ours: logged where it happened, told in these fixed words."""

    retryable = True

    def __init__(self) -> None:
        super().__init__("something went wrong on our side; try again")


class TurnRefused(TurnError):
    """The turn was not begun."""


class ConversationNotFound(TurnRefused):
    """This person has no such conversation with this coach."""

    code = "CONVERSATION_NOT_FOUND"


class CoachConfigNotFound(TurnRefused):
    """This person has no such coach."""

    code = "COACH_CONFIG_NOT_FOUND"


class ConversationBusy(TurnRefused):
    """Another turn of the conversation is running."""

    code = "CONVERSATION_BUSY"
    retryable = True

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"turn {turn_id!r} of this conversation is still running; attach to it or cancel it")
        self.turn_id = turn_id


class RateLimited(TurnRefused):
    """This person began too many turns within a minute."""

    code = "RATE_LIMITED"
    retryable = True

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(f"too many messages within a minute; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class BudgetExceeded(TurnRefused):
    """What this person's models cost today has reached the budget."""

    code = "BUDGET_EXCEEDED"
    retryable = True

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(f"today's budget is used up; it resets at midnight UTC, in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class IdempotencyKeyReused(TurnRefused):
    """The key belongs to a message with another text."""

    code = "IDEMPOTENCY_KEY_REUSED"


class InvalidUserResponse(TurnRefused):
    """The message is empty, too long or not text."""

    code = "INVALID_USER_RESPONSE"


class InvalidTimestamp(TurnRefused):
    """`messageTimestamp` is not an ISO 8601 date and time."""

    code = "INVALID_TIMESTAMP"


class InvalidCursor(TurnRefused):
    """This service did not issue the cursor."""

    code = "INVALID_CURSOR"


class InvalidCoachConfig(TurnRefused):
    """A coach's configuration has a field that does not fit."""

    code = "INVALID_COACH_CONFIG"


class TurnNotFound(TurnRefused):
    """The conversation has no such turn, or its record has expired."""

    code = "TURN_NOT_FOUND"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"there is no turn {turn_id!r} in this conversation; records are kept for 30 days")


class JobNotFound(TurnRefused):
    """This person has no such job, or it has expired."""

    code = "JOB_NOT_FOUND"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id!r}; jobs are kept for 30 days")


class WorkoutNotFound(TurnRefused):
    """This person has no such workout."""

    code = "WORKOUT_NOT_FOUND"

    def __init__(self, workout_id: str) -> None:
        super().__init__(f"there is no workout {workout_id!r}; GET …/workouts lists them")


class MemoryNotFound(TurnRefused):
    """This person has no such memory."""

    code = "MEMORY_NOT_FOUND"

    def __init__(self, memory_id: str) -> None:
        super().__init__(f"there is no memory {memory_id!r}; GET …/memories lists them")


class InvalidMemory(TurnRefused):
    """The change of a memory has a field that does not fit."""

    code = "INVALID_MEMORY"


class DataBeingDeleted(TurnRefused):
    """All of this person's data is being deleted; nothing is written until that is over."""

    code = "DATA_BEING_DELETED"
    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "all of your data is being deleted; start again once GET /users/{userId}/data says it is done"
        )


class StoreUnavailable(TurnRefused):
    """The store does not answer in time, or not at all."""

    code = "STORE_UNAVAILABLE"
    retryable = True


class TurnFailed(TurnError):
    """The turn began and ends without an answer, or with a part of one."""


class ModelFailed(TurnFailed):
    """The model gave no answer, or not all of it."""


class ModelThrottled(ModelFailed):
    """The model's service accepts no more requests right now."""

    code = "MODEL_THROTTLED"
    retryable = True


class ModelUnavailable(ModelFailed):
    """The model's service cannot be reached or is out of order."""

    code = "MODEL_UNAVAILABLE"
    retryable = True


class ModelRefused(ModelFailed):
    """The model's service does not accept this request; the same again will not help."""

    code = "MODEL_REFUSED"


class ProviderNotConfigured(ModelRefused):
    """The model's provider is not set up here; `missing` names what is to be set."""

    code = "PROVIDER_NOT_CONFIGURED"

    def __init__(self, provider: str, missing: Sequence[str]) -> None:
        names = " and ".join(missing)
        super().__init__(
            f"the provider {provider!r} is not set up here: {names} is missing; name another model"
        )
        self.missing = tuple(missing)


class ModelStreamInterrupted(ModelFailed):
    """The answer broke off, or the model fell silent."""

    code = "MODEL_STREAM_INTERRUPTED"
    retryable = True


class ModelSilent(ModelStreamInterrupted):
    """The model said nothing for longer than a turn waits."""


class CoachConfigMissing(TurnFailed):
    """The coach of this conversation is gone."""

    code = "COACH_CONFIG_NOT_FOUND"


class DeadlineReached(TurnFailed):
    """The function's time is nearly over."""

    code = "DEADLINE"
    retryable = True


class TurnCancelled(TurnFailed):
    """The person stopped the turn."""

    code = "CANCELLED"


class TurnLost(TurnFailed):
    """Another process took the turn over; this one writes nothing more."""

    code = "MODEL_STREAM_INTERRUPTED"
    retryable = True


class TurnNotSaved(TurnFailed):
    """The answer could not be saved; what was logged of it is recovered later."""

    code = "STORE_UNAVAILABLE"
    retryable = True


class TaskFailed(Exception):
    """A follow-up of a turn cannot be done; `reason` is a word for it."""

    reason: ClassVar[str] = "TASK_FAILED"


class ExtractionMalformed(TaskFailed):
    """The model did not give what it was asked for."""

    reason = "EXTRACTION_MALFORMED"
