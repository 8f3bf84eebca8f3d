"""How many samples a sound has: as its header says where that can be trusted, else as they are counted."""

from __future__ import annotations

import re

from services.base.media.audio import AudioInfo
from services.base.media.clip import Media
from services.containers.audio.config import AudioConfig
from services.containers.audio.sound import PyavSound, open_sound

_PCM = re.compile(r"pcm_[a-z]+(\d*)")
_BITS_OF_LAW = 8


def measured(media: Media) -> tuple[int, AudioInfo]:
    """(samples a channel at the source's own rate, what the sound is).

    Trusted are FLAC's count, and that of plain PCM whose samples the file has room for; any other sound is decoded, the
    samples thrown away. Raises as `open_sound` does, and as reading the sound does.
    """
    with open_sound(media, AudioConfig()) as sound:
        num_samples = round(sound.info.duration_s * sound.rate_hz)
        if num_samples > 0 and _is_trusted(sound.info, num_samples, media.size_bytes):
            return num_samples, sound.info
        return _counted(sound), sound.info


def _is_trusted(info: AudioInfo, num_samples: int, size_bytes: int) -> bool:
    pcm = _PCM.match(info.codec)
    if pcm is None:
        return info.codec == "flac"
    bits = int(pcm[1] or _BITS_OF_LAW)
    return num_samples * info.source_channels * bits // 8 <= size_bytes


def _counted(sound: PyavSound) -> int:
    num_samples = 0
    while True:
        with sound.log.listening():
            pieces = sound.read()
            if pieces is None:
                return num_samples
            num_samples += sum(len(samples_TC) for samples_TC in pieces)
