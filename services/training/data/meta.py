"""What meta.json says of the labels of a set of TFRecords, and what is taken for granted without it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from services.base.errors import BadConfig
from services.training.lipreading.alphabet import Alphabet

META_FILE = "meta.json"


@dataclass(frozen=True)
class LabelMeta:
    """alphabet: of the labels; where it is assumed, that of LipTypeV2's script, whose meta.json does not tell it."""

    alphabet: Alphabet = field(default_factory=Alphabet)
    is_assumed: bool = True

    def text_of(self, ids: list[int]) -> str:
        """Raises BadConfig MISSING_META for a class that the assumed characters lack, ValueError for one that those of
        meta.json lack.
        """
        try:
            return self.alphabet.decode(ids)
        except ValueError as error:
            if not self.is_assumed:
                raise
            raise BadConfig(
                "MISSING_META",
                f"a label cannot be read ({error}): without a {META_FILE} that names an `alphabet`, classes are taken "
                f"for those of {self.alphabet.characters!r}. Put the {META_FILE} of these records beside them",
            ) from error

    def ids_of(self, text: str) -> list[int]:
        """Classes of the characters that there are; others are dropped, as records drop them."""
        return list(self.alphabet.encode("".join(c for c in text if c in self.alphabet.characters)))


def label_meta(data: bytes | None, uri: str) -> LabelMeta:
    """data: of meta.json; None where there is none. uri: of the root, for messages. Raises BadConfig BAD_META."""
    if data is None:
        return LabelMeta()
    try:
        fields = json.loads(data)
        if "alphabet" not in fields:
            return LabelMeta()
        characters, blank = fields["alphabet"], fields.get("ctc_blank", len(fields["alphabet"]))
        if not isinstance(characters, str):
            raise ValueError(f"alphabet {characters!r} must be a text")
        alphabet = Alphabet(characters)
        if blank != alphabet.blank:
            raise ValueError(f"ctc_blank {blank!r} must be {alphabet.blank}, the class behind the alphabet's last")
    except (ValueError, TypeError, AttributeError) as error:
        raise BadConfig(
            "BAD_META", f"{META_FILE} in {uri} cannot be read ({error}): restore it, or make the data set again"
        ) from error
    return LabelMeta(alphabet, is_assumed=False)
