"""Whether frames show a mouth alone, which is not to be looked for in them again. Pure."""

from __future__ import annotations

# Of width to height, against that of the crops: what a trainer's own cropping differs by.
_MOST_STRETCH = 1.15
# Against the size of the crops: larger ones are of other trainers, much larger ones are pictures of something else.
_MOST_SCALE, _LEAST_SCALE = 4.0, 0.5


def is_mouth(size_px: tuple[int, int], crop_px: tuple[int, int], *, has_face: bool) -> bool:
    """size_px: (height, width) of the frames; crop_px: of the mouths that a lipreader takes. has_face: whether one was
    found in any frame. Frames of the very size are mouths, whatever a detector has seen in them.
    """
    if size_px == crop_px:
        return True
    if has_face:
        return False
    (height, width), (crop_height, crop_width) = size_px, crop_px
    stretch = (width / height) / (crop_width / crop_height)
    return 1 / _MOST_STRETCH <= stretch <= _MOST_STRETCH and _LEAST_SCALE <= width / crop_width <= _MOST_SCALE
