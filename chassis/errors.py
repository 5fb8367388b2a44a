"""One type for every refusal, so that a caller always gets a code, a reason and a sentence.

Domain code raises `Refused` with a reason's name and never thinks of gRPC; what the reason means
(canonical code, Chinese and English sentence) is written once, beside its name in the proto, and
read from there by the `Catalogue`. So is whether asking again helps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import grpc
from google.protobuf import duration_pb2
from google.protobuf.descriptor import EnumDescriptor
from google.rpc import code_pb2, error_details_pb2, status_pb2

from backstop.error.v1 import error_pb2, error_reason_pb2

CHINESE = "zh-CN"
ENGLISH = "en"

PREFIX = "ERROR_REASON_"

# Details travel in a header, and gRPC's default bound for all headers together is 8 KiB.
_MOST_FIELDS = 20
_LONGEST_VALUE = 200
_LONGEST_DETAILS = 6_000

# Long enough for a few calls to finish, short enough to go unnoticed at a desk.
RETRY_AFTER = timedelta(milliseconds=250)

STATUS_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class Retry(StrEnum):
    """Whether asking again helps; backstop.error.v1.Retry tells what each means."""

    SAME_REQUEST = "SAME_REQUEST"
    READ_AGAIN = "READ_AGAIN"
    NEVER = "NEVER"


# As the comment of backstop.error.v1.Retry has it.
_RETRY_OF_CODE: Mapping[int, Retry] = {
    code_pb2.RESOURCE_EXHAUSTED: Retry.SAME_REQUEST,
    code_pb2.UNAVAILABLE: Retry.SAME_REQUEST,
    code_pb2.DEADLINE_EXCEEDED: Retry.SAME_REQUEST,
    code_pb2.ABORTED: Retry.READ_AGAIN,
    code_pb2.FAILED_PRECONDITION: Retry.READ_AGAIN,
    code_pb2.INTERNAL: Retry.READ_AGAIN,
}


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of the request that breaks a rule; `field` is its path in the message."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Precondition:
    """One thing that must be so before the call can succeed."""

    type: str
    subject: str
    description: str


class Refused(Exception):
    """The call is refused for a reason written in an `error_reason.proto`.

    `reason` is the enum value's name without its prefix. The metadata fill the placeholders of
    the reason's sentence and reach the caller: never personal data. `retry_after` takes the place
    of RETRY_AFTER where the same request may come again, and says nothing elsewhere.
    """

    def __init__(
        self,
        reason: str,
        /,
        *,
        fields: Sequence[FieldViolation] = (),
        preconditions: Sequence[Precondition] = (),
        retry_after: timedelta | None = None,
        **metadata: str | int,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fields = tuple(fields)
        self.preconditions = tuple(preconditions)
        self.retry_after = retry_after
        self.metadata = {key: str(value)[:_LONGEST_VALUE] for key, value in metadata.items()}

    def __str__(self) -> str:
        if not self.metadata:
            return self.reason
        return f"{self.reason} ({', '.join(f'{k}={v}' for k, v in self.metadata.items())})"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason travels as and says."""

    code: int
    zh: str
    en: str
    retry: Retry
    # Of the request, where the reason always concerns the same one.
    field: str = ""


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All reasons a service may give: the common ones and its own."""

    service: str
    meanings: Mapping[str, Meaning] = field(repr=False)

    def code(self, reason: str) -> grpc.StatusCode:
        """Returns the canonical code of a reason; KeyError when it is in no proto."""
        return STATUS_CODES[self.meanings[reason].code]

    def sentence(self, refused: Refused, language: str) -> str:
        """Returns the reason's sentence in `language` (CHINESE or ENGLISH), filled in."""
        meaning = self.meanings[refused.reason]
        template = meaning.en if language == ENGLISH else meaning.zh
        return template.format_map(_Blank(refused.metadata))

    def _usual_field(self, refused: Refused, language: str) -> tuple[FieldViolation, ...]:
        path = self.meanings[refused.reason].field.format_map(_Blank(refused.metadata))
        return (FieldViolation(path, self.sentence(refused, language)),) if path else ()

    def status(self, refused: Refused, language: str) -> status_pb2.Status:
        """Builds the status of a refusal: exactly one ErrorInfo, the details it has, a sentence.

        Raises KeyError when the reason is in no proto of this service.
        """
        status = status_pb2.Status(
            code=self.meanings[refused.reason].code, message=self.sentence(refused, ENGLISH)
        )
        status.details.add().Pack(
            error_details_pb2.ErrorInfo(
                reason=refused.reason,
                domain=f"{self.service}.backstop",
                metadata=refused.metadata,
            )
        )
        status.details.add().Pack(
            error_details_pb2.LocalizedMessage(
                locale=language, message=self.sentence(refused, language)
            )
        )
        if self.meanings[refused.reason].retry is Retry.SAME_REQUEST:
            delay = duration_pb2.Duration()
            delay.FromTimedelta(refused.retry_after or RETRY_AFTER)
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        if refused.preconditions:
            failure = error_details_pb2.PreconditionFailure()
            for precondition in refused.preconditions[:_MOST_FIELDS]:
                failure.violations.add(
                    type=precondition.type,
                    subject=precondition.subject[:_LONGEST_VALUE],
                    description=precondition.description[:_LONGEST_VALUE],
                )
            status.details.add().Pack(failure)
        fields = refused.fields or self._usual_field(refused, language)
        if fields:
            _pack_fields(status, fields)
        return status


def _pack_fields(status: status_pb2.Status, fields: Sequence[FieldViolation]) -> None:
    """Adds as many violations as the header bears; the first ones say enough."""
    request = error_details_pb2.BadRequest()
    room = _LONGEST_DETAILS - status.ByteSize()
    for violation in fields[:_MOST_FIELDS]:
        one = error_details_pb2.BadRequest.FieldViolation(
            field=violation.field[:_LONGEST_VALUE],
            description=violation.description[:_LONGEST_VALUE],
        )
        room -= one.ByteSize() + 8
        if room < 0 and request.field_violations:
            break
        request.field_violations.append(one)
    status.details.add().Pack(request)


def catalogue(service: str, *enums: EnumDescriptor) -> Catalogue:
    """Reads the meanings of the common reasons and of the service's own enums.

    Raises ValueError for a value without a meaning and for a name used twice.
    """
    meanings: dict[str, Meaning] = {}
    common = error_reason_pb2.ErrorReason.DESCRIPTOR
    for name, meaning in _read((common, *(e for e in enums if e is not common))):
        if name in meanings:
            raise ValueError(f"the reason {name} stands in two error_reason.proto files")
        meanings[name] = meaning
    return Catalogue(service, meanings)


def _read(enums: Iterable[EnumDescriptor]) -> Iterable[tuple[str, Meaning]]:
    for enum in enums:
        for value in enum.values:
            if value.number == 0:
                continue
            options = value.GetOptions()
            if not options.HasExtension(error_pb2.meaning):
                raise ValueError(f"{value.name} has no (backstop.error.v1.meaning)")
            option = options.Extensions[error_pb2.meaning]
            if option.code in (code_pb2.OK, code_pb2.UNKNOWN) or not (option.zh and option.en):
                raise ValueError(f"the meaning of {value.name} lacks a code or a sentence")
            name = value.name.removeprefix(PREFIX)
            yield name, Meaning(option.code, option.zh, option.en, retry_of(option), option.field)


def retry_of(option: error_pb2.Meaning) -> Retry:
    """Returns whether asking again helps: what a reason says, or else its code."""
    if option.retry != error_pb2.RETRY_UNSPECIFIED:
        return Retry(error_pb2.Retry.Name(option.retry).removeprefix("RETRY_"))
    return _RETRY_OF_CODE.get(option.code, Retry.NEVER)


def language_of(accept_language: str) -> str:
    """Picks ENGLISH when an accept-language header asks for it first, else CHINESE."""
    first = accept_language.split(",", 1)[0].strip().lower()
    return ENGLISH if first.startswith("en") else CHINESE


def details_of(error: grpc.RpcError) -> error_details_pb2.ErrorInfo | None:
    """Returns the ErrorInfo that a peer's refusal carries, or None when it has none."""
    trailing = error.trailing_metadata() if isinstance(error, grpc.aio.AioRpcError) else None
    for key, value in trailing or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(
                value if isinstance(value, bytes) else value.encode()
            )
            for detail in status.details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return info
    return None


def reason_of(error: grpc.RpcError) -> str:
    """Returns the reason of a peer's refusal, or an empty string."""
    info = details_of(error)
    return info.reason if info is not None else ""
