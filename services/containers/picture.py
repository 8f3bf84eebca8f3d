"""A clip's pictures as they are to be shown: square pixels, the container's quarter turn and mirror."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av.sidedata.sidedata
import av.video.reformatter

from services.base.media.arrays import UInt8Array
from services.containers.decoder_log import DecoderLog
from services.containers.frame_shape import is_mirrored, right_angle_deg, square_size_px


class Picture:
    """What the first frame and its stream say of all frames.

    coded_px: (width, height) as they leave the decoder. shown_px: with square pixels and turned, as delivered.
    rotation_deg: clockwise, still to be applied to `rgb`. aspect: width to height of a coded pixel, as the container
    says, else the codec.
    """

    def __init__(self, frame: Any, stream: Any, max_pixels: int, log: DecoderLog) -> None:
        self.coded_px = (frame.width, frame.height)
        self.aspect = Fraction(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
        size_px = square_size_px(*self.coded_px, self.aspect, max_pixels)
        if size_px is None:
            log.note(f"a pixel aspect of {self.aspect_text} is not believed: not applied")
            size_px = self.coded_px
        rotation_deg = right_angle_deg(-frame.rotation)
        if rotation_deg is None:
            log.note(f"a rotation by {-frame.rotation} degrees is not applied: only quarter turns are")
        self.rotation_deg = rotation_deg or 0
        self.shown_px = size_px[::-1] if self.rotation_deg in (90, 270) else size_px
        self._mirrored = _is_mirrored(frame)
        self._scaling: dict[str, Any] = {}
        if size_px != self.coded_px:
            self._scaling = {"width": size_px[0], "height": size_px[1], "interpolation": "BICUBIC"}
        # One reformatter for the clip: PyAV would otherwise set up the conversion anew for every frame.
        self._reformatter = av.video.reformatter.VideoReformatter()

    @property
    def aspect_text(self) -> str:
        return f"{self.aspect.numerator}:{self.aspect.denominator}"

    def rgb(self, frame: Any) -> UInt8Array:
        """A frame's RGB before rotation: a view, uint8 [h, w, 3] with padded rows. Raises what FFmpeg raises."""
        pixels_HWC: UInt8Array = self._reformatter.reformat(
            frame, format="rgb24", threads=1, **self._scaling
        ).to_ndarray()
        return pixels_HWC[::-1] if self._mirrored else pixels_HWC


def _is_mirrored(frame: Any) -> bool:
    matrix = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    return matrix is not None and right_angle_deg(frame.rotation) is not None and is_mirrored(bytes(matrix))
