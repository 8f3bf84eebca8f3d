"""What a film says of itself: that it was painted, by which head. Pure."""

from __future__ import annotations

from services.formats.talker.head import HeadCard

SYNTHETIC = "synthetic speech video: the mouth was painted by a network"


def metadata_of(card: HeadCard) -> dict[str, str]:
    """Of the container, keys that MP4 keeps."""
    told = {"recipe": card.recipe, "model_sha256": card.digests["model"], **_consent(card)}
    return {
        "title": "Talking head",
        "comment": f"{SYNTHETIC}; " + "; ".join(f"{name}={value}" for name, value in told.items()),
        "encoder": "visemill",
    }


def _consent(card: HeadCard) -> dict[str, str]:
    return {"consent_sha256": card.digests["consent"]} if "consent" in card.digests else {}
