"""A call that did not succeed, as a person can read it: a sentence, the field, what to do.

The suite answers every refusal with a canonical code, one ErrorInfo, a sentence in the caller's
language and, where it applies, the fields at fault. This module takes that apart once.
"""

from dataclasses import dataclass, field

import grpc
from google.rpc import error_details_pb2, status_pb2

from ctl.exits import Exit

_UNAVAILABLE = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
    }
)
_FAULT = frozenset(
    {
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


# gRPC's own words for a message past its bound; the side that refused it stands before them.
_TOO_LARGE = "message larger than max"


class Problem(Exception):
    """Something about the command, its files or its settings; the text says what to change.

    `field` names the option, or the place in a file, that is wrong.
    """

    exit = Exit.USAGE

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class Unavailable(Problem):
    """What a command can't do without isn't to be had now; nothing was sent."""

    exit = Exit.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field or condition that the suite named as the cause."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said instead of a response."""

    service: str
    code: grpc.StatusCode
    sentence: str
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    faults: tuple[FieldFault, ...] = ()
    # Name of the call in the service's log.
    x_request_id: str = ""

    @property
    def request_too_large(self) -> bool:
        """The request never reached the service."""
        return self._too_large and not self.response_too_large

    @property
    def response_too_large(self) -> bool:
        """The service has answered, and possibly done it."""
        return self._too_large and self.sentence.startswith("CLIENT: Received")

    @property
    def _too_large(self) -> bool:
        exhausted = self.code is grpc.StatusCode.RESOURCE_EXHAUSTED and not self.reason
        return exhausted and _TOO_LARGE in self.sentence

    @property
    def exit(self) -> Exit:
        if self._too_large:
            return Exit.REFUSED
        if self.code in _UNAVAILABLE:
            return Exit.UNAVAILABLE
        return Exit.FAULT if self.code in _FAULT else Exit.REFUSED


class Failure(Exception):
    """A call failed; `answer` has everything that was said about it.

    `request_id` is the one a mutation was sent with, empty for a read.
    """

    def __init__(self, answer: Answer, *, request_id: str = "") -> None:
        super().__init__(f"{answer.reason or answer.code.name}: {answer.sentence}")
        self.answer = answer
        self.request_id = request_id


def answer_of(service: str, error: grpc.aio.AioRpcError) -> Answer:
    """Takes a gRPC error apart; details that can't be read leave only code and message."""
    x_request_id = ""
    status = status_pb2.Status()
    for key, value in error.trailing_metadata() or ():
        if key == "x-request-id" and isinstance(value, str):
            x_request_id = value
        elif key == "grpc-status-details-bin" and isinstance(value, bytes):
            status.ParseFromString(value)
    sentence = error.details() or error.code().name
    return _answer(service, error.code(), status, sentence, x_request_id)


def answer_of_status(service: str, status: status_pb2.Status) -> Answer:
    """Takes apart what a service has answered to one of many."""
    code = next(one for one in grpc.StatusCode if one.value[0] == status.code)
    return _answer(service, code, status, status.message or code.name, "")


def _answer(
    service: str, code: grpc.StatusCode, status: status_pb2.Status, sentence: str, log_id: str
) -> Answer:
    info = error_details_pb2.ErrorInfo()
    localized = error_details_pb2.LocalizedMessage()
    faults: list[FieldFault] = []
    for detail in status.details:
        if detail.Unpack(info) or detail.Unpack(localized):
            continue
        faults += _faults(detail)
    return Answer(
        service=service,
        code=code,
        sentence=localized.message or sentence,
        reason=info.reason,
        domain=info.domain,
        metadata=dict(info.metadata),
        faults=tuple(faults),
        x_request_id=log_id,
    )


def _faults(detail: object) -> list[FieldFault]:
    request = error_details_pb2.BadRequest()
    failure = error_details_pb2.PreconditionFailure()
    unpack = getattr(detail, "Unpack")  # noqa: B009 - Any's generated class has no stub for it
    if unpack(request):
        return [FieldFault(v.field, v.description) for v in request.field_violations]
    if unpack(failure):
        return [FieldFault(v.subject or v.type, v.description) for v in failure.violations]
    return []
