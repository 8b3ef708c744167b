"""The bodies and queries of the data plane, as Pinecone takes them."""

from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import to_json

from local.pinecone_emulator.errors import PineconeError

MAX_VECTORS: Final = 1_000
MAX_IDS: Final = 1_000
MAX_TOP_K: Final = 10_000
MAX_LISTED: Final = 100
MAX_DIMENSION: Final = 20_000
MAX_METADATA_BYTES: Final = 40_960
# What 32 bits hold.
_MAX_VALUE: Final = 3.4e38


def _ascii(text: str) -> str:
    if not text.isascii() or "\0" in text:
        raise ValueError("must hold ASCII characters only, and no NUL")
    return text


def _nonzero(values: list[float]) -> list[float]:
    if not any(values):
        raise ValueError("Dense vectors must contain at least one non-zero value")
    return values


def _flat(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata as it is kept: numbers as floats, nothing that is null."""
    for name, value in metadata.items():
        is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if name.startswith("$") or not (is_list or isinstance(value, str | int | float | None)):
            raise ValueError(
                f"the metadata field {name!r} must not begin with $, and its value must be a string, "
                "number, boolean or list of strings"
            )
    size = len(to_json(metadata))
    if size > MAX_METADATA_BYTES:
        limit = f"exceeds the limit of {MAX_METADATA_BYTES} bytes per vector"
        raise ValueError(f"metadata size is {size} bytes, which {limit}")
    return {name: _kept(value) for name, value in metadata.items() if value is not None}


def _kept(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


type RecordId = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_ascii)]
type Values = Annotated[
    list[Annotated[float, Field(ge=-_MAX_VALUE, le=_MAX_VALUE)]],
    Field(min_length=1, max_length=MAX_DIMENSION),
    AfterValidator(_nonzero),
]
type Namespace = Annotated[str, Field(max_length=512), AfterValidator(_ascii)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Vector(_Request):
    id: RecordId
    values: Values
    metadata: Annotated[dict[str, Any], AfterValidator(_flat)] | None = None


class Upsert(_Request):
    vectors: Annotated[list[Vector], Field(min_length=1, max_length=MAX_VECTORS)]
    namespace: Namespace = ""


class Query(_Request):
    top_k: Annotated[int, Field(ge=1, le=MAX_TOP_K)]
    vector: Values | None = None
    id: RecordId | None = None
    namespace: Namespace = ""
    filter: dict[str, Any] | None = None
    include_values: bool = False
    include_metadata: bool = False

    @model_validator(mode="after")
    def _has_one_selector(self) -> Self:
        if (self.vector is None) == (self.id is None):
            raise ValueError("one of vector and id must be there")
        return self


class Delete(_Request):
    ids: Annotated[list[RecordId], Field(max_length=MAX_IDS)] = []
    delete_all: bool = False
    filter: Annotated[dict[str, Any], Field(min_length=1)] | None = None
    namespace: Namespace = ""

    @model_validator(mode="after")
    def _has_one_selector(self) -> Self:
        if bool(self.ids) + self.delete_all + (self.filter is not None) != 1:
            raise ValueError("exactly one of ids, deleteAll and filter must be there")
        return self


class Fetch(_Request):
    ids: Annotated[list[RecordId], Field(min_length=1, max_length=MAX_IDS)]
    namespace: Namespace = ""


class Listing(_Request):
    namespace: Namespace = ""
    prefix: Annotated[str, AfterValidator(_ascii)] = ""
    limit: Annotated[int, Field(ge=1, le=MAX_LISTED)] = MAX_LISTED
    pagination_token: str = ""


class Stats(_Request):
    """Pinecone takes no filter here, and the SDK sends an empty object."""


def parse[T: BaseModel](kind: type[T], body: Any) -> T:
    """Return the request. Raises PineconeError (invalid): a part is missing, wrong or unknown."""
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise PineconeError("invalid", f"{where}: {said}" if where else said) from error
