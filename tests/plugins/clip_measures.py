"""What is said and found of a clip without keeping its pixels, for tests."""

from __future__ import annotations

from services.base.media.clip import Media
from services.base.media.video import DecodeFacts, VideoInfo
from services.containers.config import DecodeConfig
from services.containers.frames import open_video


def probe(media: Media, config: DecodeConfig) -> VideoInfo:
    """What the container says, checked against the first frame, which is decoded. Raises what `open_video` raises."""
    with open_video(media, config) as video:
        return video.info


def measure(media: Media, config: DecodeConfig) -> tuple[VideoInfo, DecodeFacts]:
    """What the container says and what decoding every frame shows; no pixels are converted. Raises as decoding does."""
    with open_video(media, config) as video:
        with video.log.listening():
            while video.read() is not None:
                pass
        return video.info, video.facts()
