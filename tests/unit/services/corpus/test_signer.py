"""The drawn signer: a folder a word, the same bytes every time."""

from __future__ import annotations

from services.corpus.signer import HEIGHT_PX, NUM_CLIPS, WIDTH_PX, WORDS, sign_clip, sign_files, sign_frames


def test_a_word_is_a_folder_of_clips() -> None:
    paths = [path for path, *_ in sign_files(0, broken=False)]
    assert paths == [f"{word}/{word}_{clip}.mp4" for word in sorted(WORDS) for clip in range(1, NUM_CLIPS + 1)]


def test_broken_adds_a_cut_file_and_a_text_file() -> None:
    faults = [(path, reason) for path, _, fault, reason in sign_files(0, broken=True) if fault]
    assert faults == [("both/both_cut.mp4", "OPEN_FAILED"), ("raise/raise_text.mp4", "OPEN_FAILED")]


def test_a_clip_has_the_same_bytes_every_time_and_clips_differ() -> None:
    first = sign_clip(0, "raise", 1, num_frames=2)
    assert sign_clip(0, "raise", 1, num_frames=2) == first
    frames = next(sign_frames(0, "raise", 1)), next(sign_frames(0, "raise", 2))
    assert frames[0].shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert (frames[0] != frames[1]).any()
