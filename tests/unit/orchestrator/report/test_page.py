"""The page: self-contained, escaped, and saying what there is."""

import re
from html.parser import HTMLParser

from orchestrator.report.page import Findings, Sheet, page
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit

ORDER = RunSpec(
    "r1", "grid", "d" * 64, (PinnedStage("decode", {"max_frames": 75}),), "/in", "/out", 2, 3, "c" * 64, {"av": "18"}
)
OUTPUTS = {"train-0": {"sha256": "x", "size_bytes": 2_000_000, "num_records": 2}}
DONE = [ShardCommit(0, "d", OUTPUTS, {}, {"train": 2, "quarantined": 1}, {"decode": 0.5, "wall": 1.0}, 150)]
QUALITY = [
    {"key": "s1/a", "split": "train", "flags": [], "num_frames_grey": 0, "transcript": "bin blue"},
    {"key": "s1/b", "split": "train", "flags": ["GREY_FRAMES"], "num_frames_grey": 12, "transcript": "x"},
]
QUARANTINE = [
    {
        "key": "s1/<script>",
        "reason": "NO_FACE",
        "message": "none & nowhere",
        "detail": "last <words>",
        "reproduce": "visemill reproduce",
    }
]


def text(**changes):
    given = {
        "finished": True,
        "done": DONE,
        "quality": QUALITY,
        "quarantine": QUARANTINE,
        "sheets": [Sheet("s1/a", b"\x89PNG")],
    }
    return page(Findings(ORDER, **{**given, **changes}))


class Balance(HTMLParser):
    VOID = {"meta", "img", "br"}  # noqa: RUF012

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_self_contained():
    balance = Balance()
    balance.feed(text())
    assert balance.open == []
    assert not re.search(r"""(src|href)=["'](?!data:)""", text())
    assert "<script" not in text()


def test_what_comes_from_files_is_escaped():
    assert "s1/&lt;script&gt;" in text() and "last &lt;words&gt;" in text() and "none &amp; nowhere" in text()


def test_counts_reasons_flags_and_figures_are_told():
    for told in (
        "NO_FACE",
        "GREY_FRAMES",
        "num_frames_grey",
        "2.0 MB",
        "visemill reproduce",
        "max_frames = 75",
        "finished",
    ):
        assert told in text()


def test_a_run_that_is_not_finished_says_so():
    assert "not finished: 1 of 2 shards" in text(finished=False)


def test_an_empty_run_has_a_page_too():
    empty = text(finished=False, done=[], quality=[], quarantine=[], sheets=[])
    assert "Nothing has been measured yet" in empty and "Nothing so far" in empty


def test_only_a_finished_run_is_said_to_hold_every_clip():
    said = "every clip that was found is in the output"
    assert said in text(quarantine=[]) and said not in text(quarantine=[], finished=False)
    assert "2 clips are in the output" in text() and "2 clips are done so far" in text(finished=False)


def test_lengths_follow_the_width_of_the_screen():
    assert not re.search(r"width:\d+px", text().partition("</style>")[2])
    assert '<td class="bars"><div class="bar" style="width:100.0%"></div></td>' in text()


def test_rows_with_long_words_are_stacked_on_a_narrow_screen():
    quarantine = text().partition("how to see it again")[0].rpartition("<table")[2]
    origin = text().partition("digest of the run")[0].rpartition("<table")[2]
    assert quarantine.startswith(' class="stack"') and origin.startswith(' class="stack"')


def test_the_median_of_two_clips_lies_between_them():
    row = text().partition("num_frames_grey")[2].partition("</tr>")[0]
    assert re.findall(r">([\d.]+)<", row) == ["0", "6", "12", "1"]
