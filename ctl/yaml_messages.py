"""A YAML file that a person wrote → the message it stands for.

Every value is read as text, so that YAML's own ideas (18:30 is a number in base 60, NO is false)
never get between the person and the suite. Dates, times of day, spans and enums are written as
people write them; what is wrong is named by file and place.
"""

from datetime import date, time
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from ctl import choices, times
from ctl.failures import Problem

_TRUE = frozenset({"true", "yes", "是"})
_FALSE = frozenset({"false", "no", "否"})
_INTEGERS = frozenset({FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64})


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a file of keys and values, each value as text; Problem when it isn't one."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise Problem(f"{error.strerror}", field=str(path)) from None
    except UnicodeDecodeError:
        raise Problem("不是 UTF-8 文本 / not UTF-8", field=str(path)) from None
    except yaml.YAMLError as error:
        raise Problem(f"不是 YAML / not YAML: {error}", field=str(path)) from None
    if not isinstance(data, dict):
        raise Problem("应为键值 / should hold keys and values", field=str(path))
    return data


def fill(message: Any, data: dict[str, Any], path: Path) -> Any:
    """Reads the data into the message and returns it; an unknown key is an error."""
    values: Any = plain(message.DESCRIPTOR, data, f"{path} ")
    try:
        return json_format.ParseDict(values, message)
    except json_format.ParseError as error:
        raise Problem(str(error), field=str(path)) from None


def plain(kind: Descriptor, data: object, place: str) -> object:
    """Returns the JSON form of a message from what a person wrote; Problem names the place."""
    if kind.full_name == "google.type.Date":
        day = _parsed(date.fromisoformat, data, place)
        return {"year": day.year, "month": day.month, "day": day.day}
    if kind.full_name == "google.type.TimeOfDay":
        if str(data).strip() == "24:00":
            return {"hours": 24}
        hour = _parsed(time.fromisoformat, data, place)
        return {"hours": hour.hour, "minutes": hour.minute}
    if kind.full_name == "google.protobuf.Duration":
        span = times.parse_span(str(data), option=place.strip())
        return f"{int(span.total_seconds())}s"
    if not isinstance(data, dict):
        raise Problem("应为键值 / should hold keys and values", field=place.strip())
    found: dict[str, object] = {}
    for key, value in data.items():
        field = kind.fields_by_name.get(key)
        if field is None:
            known = ", ".join(kind.fields_by_name)
            raise Problem(f"没有此项 / no such key ({known})", field=f"{place}{key}".strip())
        if (one := field.containing_oneof) is not None:
            for other in found:
                if kind.fields_by_name[other].containing_oneof is one:
                    raise Problem(
                        f"与 {other} 只能写一个 / not together with {other}",
                        field=f"{place}{key}".strip(),
                    )
        found[key] = _field(field, value, f"{place}{key}")
    return found


def _field(field: FieldDescriptor, value: object, place: str) -> object:
    if not field.is_repeated:
        return _value(field, value, place)
    if not isinstance(value, list):
        raise Problem("应为列表 / should be a list", field=place.strip())
    return [_value(field, one, f"{place}[{n}]") for n, one in enumerate(value, start=1)]


def _value(field: FieldDescriptor, value: object, place: str) -> object:
    if field.message_type is not None:
        return plain(field.message_type, value, f"{place}.")
    text = str(value).strip()
    if field.enum_type is not None:
        return _enum(field.enum_type, text, place)
    if field.type == FieldDescriptor.TYPE_BOOL:
        if text.lower() not in _TRUE | _FALSE:
            raise Problem(f"应为 true 或 false / true or false: {text}", field=place.strip())
        return text.lower() in _TRUE
    if field.cpp_type in _INTEGERS and not text.removeprefix("-").isdigit():
        raise Problem(f"应为整数 / not a whole number: {text}", field=place.strip())
    return text


def _enum(enum: EnumDescriptor, text: str, place: str) -> str:
    name = choices.name_of(enum, text)
    if name is None:
        known = ", ".join(choices.names_of(enum))
        raise Problem(f"{text!r}: {known}", field=place.strip())
    return name


def _parsed(parse: Any, data: object, place: str) -> Any:
    try:
        return parse(str(data).strip())
    except ValueError as error:
        raise Problem(str(error), field=place.rstrip(".").strip()) from None
