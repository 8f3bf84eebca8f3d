"""The protos keep buf's STANDARD style, whether buf is at hand or not."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from visemill.v1 import (
    audio_pb2,
    common_pb2,
    decode_pb2,
    features_pb2,
    landmarks_pb2,
    lipreading_pb2,
    runs_pb2,
    speech_pb2,
    talker_pb2,
    training_pb2,
)

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"
FILES: list[FileDescriptor] = [
    audio_pb2.DESCRIPTOR,
    common_pb2.DESCRIPTOR,
    decode_pb2.DESCRIPTOR,
    features_pb2.DESCRIPTOR,
    landmarks_pb2.DESCRIPTOR,
    lipreading_pb2.DESCRIPTOR,
    runs_pb2.DESCRIPTOR,
    speech_pb2.DESCRIPTOR,
    talker_pb2.DESCRIPTOR,
    training_pb2.DESCRIPTOR,
]

PASCAL = re.compile(r"(?:[A-Z][a-z0-9]*)+")
LOWER_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


def _messages(found: Iterator[Descriptor] | None = None) -> Iterator[Descriptor]:
    for message in found or (m for file in FILES for m in file.message_types_by_name.values()):
        yield message
        yield from _messages(iter(message.nested_types))


def _fields() -> list[FieldDescriptor]:
    return [field for message in _messages() for field in message.fields]


def _enums() -> list[EnumDescriptor]:
    return [e for file in FILES for e in file.enum_types_by_name.values()] + [
        e for message in _messages() for e in message.enum_types
    ]


def _services() -> list[ServiceDescriptor]:
    return [service for file in FILES for service in file.services_by_name.values()]


def _methods() -> list[MethodDescriptor]:
    return [method for service in _services() for method in service.methods]


def _upper_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _name(value: object) -> str:
    return str(getattr(value, "full_name", value))


def test_every_proto_file_is_checked_here() -> None:
    found = {str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto")}
    assert found == {file.name for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_a_files_path_is_its_versioned_package(file: FileDescriptor) -> None:
    folder, _, name = file.name.rpartition("/")
    assert file.package == folder.replace("/", ".")
    assert re.fullmatch(r"v\d+", file.package.rpartition(".")[2])
    assert LOWER_SNAKE.fullmatch(name.removesuffix(".proto"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_files_are_proto3_and_import_what_they_use(file: FileDescriptor) -> None:
    text = (PROTOS / file.name).read_text()
    assert re.search(r'^syntax = "proto3";$', text, re.MULTILINE)
    assert not re.search(r"^import\s+(?:public|weak)", text, re.MULTILINE)
    used = {
        f.message_type.file.name if f.message_type is not None else f.enum_type.file.name
        for f in _fields()
        if f.file is file and (f.message_type is not None or f.enum_type is not None)
    }
    assert set(re.findall(r'^import "(.+)";$', text, re.MULTILINE)) == used - {file.name}


@pytest.mark.parametrize("message", list(_messages()), ids=_name)
def test_messages_are_pascal_case(message: Descriptor) -> None:
    assert PASCAL.fullmatch(message.name)


@pytest.mark.parametrize("field", _fields(), ids=_name)
def test_fields_are_lower_snake_case(field: FieldDescriptor) -> None:
    assert LOWER_SNAKE.fullmatch(field.name)
    assert field.containing_oneof is None or LOWER_SNAKE.fullmatch(field.containing_oneof.name)


@pytest.mark.parametrize("enum", _enums(), ids=_name)
def test_enum_values_carry_their_enums_name_and_zero_says_unspecified(enum: EnumDescriptor) -> None:
    assert PASCAL.fullmatch(enum.name)
    prefix = _upper_snake(enum.name) + "_"
    for value in enum.values:
        assert UPPER_SNAKE.fullmatch(value.name)
        assert value.name.startswith(prefix)
    assert enum.values_by_number[0].name == prefix + "UNSPECIFIED"
    assert enum.values[0].number == 0
    assert not enum.GetOptions().allow_alias


@pytest.mark.parametrize("service", _services(), ids=_name)
def test_services_end_in_service(service: ServiceDescriptor) -> None:
    assert PASCAL.fullmatch(service.name)
    assert service.name.endswith("Service")


@pytest.mark.parametrize("method", _methods(), ids=_name)
def test_a_call_has_a_request_and_a_response_of_its_own_name(method: MethodDescriptor) -> None:
    assert PASCAL.fullmatch(method.name)
    service = method.containing_service.name
    assert method.input_type.name in (f"{method.name}Request", f"{service}{method.name}Request")
    assert method.output_type.name in (f"{method.name}Response", f"{service}{method.name}Response")


def test_no_message_serves_two_calls() -> None:
    used = [t.full_name for method in _methods() for t in (method.input_type, method.output_type)]
    assert len(used) == len(set(used))


def test_point_sources_on_the_wire_are_those_of_the_value_type() -> None:
    from services.base.media.points import PointSource

    wire = {name.removeprefix("POINT_SOURCE_"): number for name, number in common_pb2.PointSource.items()}
    assert wire.pop("UNSPECIFIED") == 0
    assert wire == {source.name: source.value + 1 for source in PointSource}


@pytest.mark.slow
def test_buf_has_no_complaint() -> None:
    """The rules above by the tool that made them; skips where neither buf nor a package that brings it is to be had."""
    buf = [shutil.which("buf")] if shutil.which("buf") else [shutil.which("npx"), "--yes", "@bufbuild/buf"]
    if buf[0] is None:
        pytest.skip("neither buf nor npx is installed")
    try:
        version = subprocess.run([*map(str, buf), "--version"], capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npx could not fetch @bufbuild/buf")
    if version.returncode != 0:
        pytest.skip("npx could not fetch @bufbuild/buf")
    config = json.dumps({"version": "v2", "lint": {"use": ["STANDARD"]}})
    argv = [*map(str, buf), "lint", str(PROTOS), "--config", config]
    lint = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert lint.returncode == 0, lint.stdout + lint.stderr
