"""Generated tables say whole things: a cell neither breaks off nor leaves out what is declared."""

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc import code_pb2

from backstop.error.v1 import error_pb2
from chassis.errors import Retry
from deploy.tools import docs, reasons


def declared(comment: str, meaning: error_pb2.Meaning) -> FileDescriptorProto:
    """Returns a file with one reason, BLUE, as protoc describes it."""
    file = FileDescriptorProto(name="backstop/toy/v1/error_reason.proto", package="backstop.toy.v1")
    enum = file.enum_type.add(name="ErrorReason")
    enum.value.add(name="ERROR_REASON_UNSPECIFIED", number=0)
    value = enum.value.add(name="ERROR_REASON_BLUE", number=1)
    value.options.Extensions[error_pb2.meaning].CopyFrom(meaning)
    at = file.source_code_info.location.add(leading_comments=comment)
    at.path.extend((5, 0, 2, 1))
    return file


def test_what_an_rpc_does_ends_where_its_list_begins() -> None:
    comment = """ Strikes the case off, with a proof of the end
 that is asked for:
 - SOLVED: a confirmation.
 - REFERRED: a result.

 Who may call: dispatchers.
"""
    said = "Strikes the case off, with a proof of the end that is asked for."
    assert docs.what_it_does(comment) == said


def test_what_an_rpc_does_is_its_first_sentence() -> None:
    assert docs.what_it_does(" Tells it. And more.\n\n Who may call: all.\n") == "Tells it."
    # A dash within a sentence begins no list.
    assert docs.what_it_does(" Tells a well-known\n thing - now.\n") == (
        "Tells a well-known thing - now."
    )


def test_a_row_says_whether_to_ask_again_and_which_keys_it_has() -> None:
    file = declared(
        """ It is blue.
 Example: { "reason": "BLUE", "metadata": { "shade": "…",
            "depth": "3" } } with a BadRequest.
""",
        error_pb2.Meaning(code=code_pb2.ABORTED, zh="蓝。", en="Blue."),
    )
    (row,) = map(docs.row_of_reason, reasons.of_file(file))
    assert row == (
        "| `BLUE` | ABORTED | read again | It is blue. | `shade`, `depth` | 蓝。 | Blue. |"
    )


def test_an_annotation_goes_before_the_code() -> None:
    never = error_pb2.Meaning(
        code=code_pb2.FAILED_PRECONDITION, zh="满。", en="Full.", retry=error_pb2.RETRY_NEVER
    )
    (full,) = reasons.of_file(declared(' Full.\n Example: { "reason": "BLUE" }\n', never))
    assert full.retry is Retry.NEVER
    assert docs.row_of_reason(full) == (
        "| `BLUE` | FAILED_PRECONDITION | never | Full. |  | 满。 | Full. |"
    )
