"""SentencePiece model files as messages that can be changed.

sentencepiece's own stubs ask for a newer protobuf runtime than the rest of this project may have, so the few fields
that are read or written here are declared anew; the others pass through as unknown fields. Source:
https://github.com/google/sentencepiece/blob/v0.2.1/src/sentencepiece_model.proto
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from services.base.errors import BadConfig

NORMAL: Final = 1
MODEL_TYPES: Final = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "visemill.sentencepiece_model"


def parsed(model: bytes, what: str) -> Any:
    """The message: `pieces` (piece, score, type) and `trainer_spec` (model_type, vocab_size).

    what: how to call the file in a message. Raises BadConfig MODEL_UNREADABLE.
    """
    proto: Any = _message_class()()
    try:
        proto.ParseFromString(model)
    except message.DecodeError as error:
        raise BadConfig("MODEL_UNREADABLE", f"{what} is no SentencePiece model ({error}): name another file") from error
    if not proto.pieces:
        raise BadConfig("MODEL_UNREADABLE", f"{what} has no pieces: name a SentencePiece model")
    return proto


def _message_class() -> type[Any]:
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto(name="sentencepiece_model.proto", package=_PACKAGE, syntax="proto2")
    piece = file.message_type.add(name="Piece")
    piece.field.add(name="piece", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    piece.field.add(name="score", number=2, type=_Field.TYPE_FLOAT, label=_Field.LABEL_OPTIONAL)
    piece.field.add(
        name="type", number=3, type=_Field.TYPE_INT32, label=_Field.LABEL_OPTIONAL, default_value=str(NORMAL)
    )
    trainer = file.message_type.add(name="TrainerSpec")
    trainer.field.add(
        name="model_type", number=3, type=_Field.TYPE_INT32, label=_Field.LABEL_OPTIONAL, default_value="1"
    )
    trainer.field.add(name="vocab_size", number=4, type=_Field.TYPE_INT32, label=_Field.LABEL_OPTIONAL)
    model = file.message_type.add(name="Model")
    for name, number, kind, label in (
        ("pieces", 1, "Piece", _Field.LABEL_REPEATED),
        ("trainer_spec", 2, "TrainerSpec", _Field.LABEL_OPTIONAL),
    ):
        model.field.add(
            name=name, number=number, type=_Field.TYPE_MESSAGE, type_name=f".{_PACKAGE}.{kind}", label=label
        )
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Model"))
