"""What FFmpeg says becomes a few lines that are the same in every run and belong to one clip."""

import logging
import threading

import av
import av.logging
import pytest

from services.containers.decoder_log import MAX_CHARS, MAX_LINES, DecoderLog, clean_line


def say(message: str, name: str = "h264", level: int = av.logging.ERROR) -> None:
    av.logging.log(level, name, message)


@pytest.fixture
def log() -> DecoderLog:
    return DecoderLog()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("ac-tex damaged at 3 4\n", "h264: ac-tex damaged at 3 4"),
        ("[h264 @ 0x55d462b1fc40] bad", "h264: [h264 ] bad"),
        ("two\nlines\tof \x1b[31mtext", "h264: two lines of [31mtext"),
        ("gr\u00fc\u00dfe", "h264: gr e"),
        ("x" * 500, "h264: " + "x" * (MAX_CHARS - 6)),
    ],
)
def test_a_line_is_printable_bounded_and_without_addresses(message, expected):
    assert clean_line("h264", message) == expected


def test_lines_come_once_in_order_of_appearance(log):
    with log.listening():
        for message in ("b", "a", "b", "b", "a"):
            say(message)
    assert log.lines() == ("h264: b", "h264: a")


def test_however_much_is_said_the_lines_are_few_and_tell_how_many_more(log):
    with log.listening():
        for number in range(100):
            say(f"line {number}")
    assert len(log.lines()) == MAX_LINES
    assert log.lines()[:2] == ("h264: line 0", "h264: line 1")
    assert log.lines()[-1] == "decode: and 81 more lines"


def test_the_last_words_are_the_latest_lines_even_when_said_before(log):
    with log.listening():
        for message in ("first", "a", "b", "first"):
            say(message)
        assert log.stderr_tail() == "h264: a\nh264: b\nh264: first"


def test_what_is_no_warning_and_what_the_converter_says_is_left_out(log):
    with log.listening():
        say("progress", level=av.logging.INFO)
        say("deprecated pixel format used", name="swscaler", level=av.logging.WARNING)
    assert log.lines() == ()
    assert log.stderr_tail() == ""


def test_a_message_said_at_the_end_of_one_clip_is_heard_again_in_the_next():
    first, second = DecoderLog(), DecoderLog()
    for log in (first, second):
        with log.listening():
            say("the same")
    assert first.lines() == second.lines() == ("h264: the same",)


def test_nothing_is_heard_outside_listening(log):
    with log.listening():
        pass
    say("elsewhere")
    assert log.lines() == ()


def test_two_threads_hear_their_own_clips():
    logs = [DecoderLog(), DecoderLog()]
    both_listen = threading.Barrier(2)

    def work(number: int) -> None:
        with logs[number].listening():
            both_listen.wait(10)
            say(f"clip {number}")
            both_listen.wait(10)

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [log.lines() for log in logs] == [("h264: clip 0",), ("h264: clip 1",)]


def test_nothing_goes_to_the_logs_of_the_process(log, caplog):
    with caplog.at_level(logging.DEBUG), log.listening():
        say("heard here only")
    assert caplog.records == []


def test_a_picture_that_ffmpeg_would_not_allocate_is_measured(log):
    with log.listening():
        say("Picture size 20000x20000 is invalid", name="IMGUTILS")
        say("Picture size 64x48 is invalid", name="IMGUTILS")
        say("Picture size 4095x4095 exceeds specified max pixel count 8294400, see the documentation", name="IMGUTILS")
    assert log.largest_refused_px == 20000 * 20000


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        ("matroska,webm", "File ended prematurely", True),
        ("mov,mp4", "stream 0, offset 0x7e8c: partial file", True),
        ("mpeg", "Packet corrupt (stream = 0, dts = 72000).", True),
        ("mpegts", "Packet corrupt (stream = 0, dts = 72000).", False),
        ("mpeg1video", "ac-tex damaged at 3 4", False),
    ],
)
def test_a_file_that_ends_too_soon_is_noticed(log, name, message, expected):
    with log.listening():
        say(message, name=name)
    assert log.broke_off is expected


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        ("matroska,webm", "0x00 at pos 56060 (0xdafc) invalid as first byte of an EBML number", True),
        ("matroska,webm", "Element at 0x3 ending at 0x9 exceeds containing master element ending at 0x8", True),
        ("flv", "Packet mismatch -236474636 7913 8108", True),
        ("asf", "packet_frag_size is invalid (43105>2155-23+0)", True),
        ("gif", "LZW decode failed", True),
        ("ffv1", "slice CRC mismatch E05BCAB1!", True),
        ("matroska,webm", "File extends beyond end of segment.", False),
        ("mpegts", "Packet corrupt (stream = 0, dts = 72000).", False),
        ("mpeg4", "Video uses a non-standard and wasteful way to store B-frames", False),
        ("vp9", "Not all references are available", False),
    ],
)
def test_damage_that_no_frame_is_flagged_for_is_noticed(log, name, message, expected):
    with log.listening():
        say(message, name=name)
    assert log.damaged is expected


def test_a_note_of_our_own_stands_beside_the_decoders_lines(log):
    log.note("a rotation is not applied")
    assert log.lines() == ("decode: a rotation is not applied",)
