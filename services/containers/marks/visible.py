"""PURE: a small text in the lower right corner of each frame of a film, which says that it was made."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.media.arrays import UInt8Array

MOST_CHARACTERS = 60
_SHARE_OF_HEIGHT = 0.035
_LEAST_PX = 10
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class VisibleMark:
    """Drawn once, laid over any number of frames. Raises ValueError for a text that cannot be drawn, or has no room."""

    def __init__(self, text: str, width_px: int, height_px: int) -> None:
        if not text.strip() or not text.isascii() or not text.isprintable() or len(text) > MOST_CHARACTERS:
            raise ValueError(f"visible mark {text!r:.80}: 1 to {MOST_CHARACTERS} printable characters of ASCII")
        letters_px = max(_LEAST_PX, round(height_px * _SHARE_OF_HEIGHT))
        scale = cv2.getFontScaleFromHeight(_FONT, letters_px)
        (text_px, _), below_px = cv2.getTextSize(text, _FONT, scale, 1)
        if (wide := text_px + 2 * below_px) > width_px - 2:
            # Smaller, so that all of it is seen.
            scale *= (width_px - 2) / wide
            (text_px, letters_px), below_px = cv2.getTextSize(text, _FONT, scale, 1)
        self._box_height, self._box_width = letters_px + 2 * below_px, min(width_px, text_px + 2 * below_px)
        if self._box_height > height_px:
            raise ValueError(f"visible mark {text!r} does not fit into frames of {width_px}x{height_px} px")
        letters_HW = np.zeros((self._box_height, self._box_width), np.uint8)
        cv2.putText(letters_HW, text, (below_px, letters_px + below_px // 2), _FONT, scale, 255, 1, cv2.LINE_AA)
        self._letters_HW1 = letters_HW[:, :, None].astype(np.uint16)

    def laid_on(self, frame_HWC: UInt8Array) -> UInt8Array:
        """A copy with the text, white on what is half as bright. frame_HWC: uint8 [H, W, 3] of the size given."""
        marked_HWC = frame_HWC.copy()
        corner_HWC = marked_HWC[-self._box_height :, -self._box_width :]
        dark_HWC = corner_HWC.astype(np.uint16) // 2
        corner_HWC[:] = (dark_HWC * (255 - self._letters_HW1) + 255 * self._letters_HW1) // 255
        return marked_HWC
