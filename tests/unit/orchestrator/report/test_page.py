"""The page: self-contained, escaped, and saying what there is."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser

from orchestrator.report.page import Cell, Findings, Player, Sheet, context, page
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit

ORDER = RunSpec(
    "r1", "grid", "d" * 64, (PinnedStage("decode", {"max_frames": 75}),), "/in", "/out", 2, 3, "c" * 64, {"av": "18"}
)
OUTPUTS = {"train-0": {"sha256": "x", "size_bytes": 2_000_000, "num_records": 2}}
DONE = [
    ShardCommit(0, "d", OUTPUTS, {}, {"train": 2}, {"decode": 0.5, "wall": 1.0}, {"frames": 150}, 1, {"landmarks": 2})
]
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
        self.open, self.tags, self.attributes, self.text = [], set(), set(), ""

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
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


HOSTILE = """</td></style><script src='//x'>&"<img onerror="x">"""


def hostile(values):
    """The same facts with hostile text after every text in them."""
    if isinstance(values, str):
        return f"{values}{HOSTILE}"
    if isinstance(values, Mapping):
        return {name if name in NAMES else hostile(name): hostile(value) for name, value in values.items()}
    return [hostile(value) for value in values] if isinstance(values, list | tuple) else values


# What the page asks for by name.
NAMES = {
    "key",
    "split",
    "flags",
    "reason",
    "message",
    "detail",
    "reproduce",
    "sha256",
    "size_bytes",
    "num_records",
    "wall",
}


def test_no_text_of_a_run_can_become_markup():
    """A clip, folder, flag, setting, library or pipeline of any name: the page has the elements that it has anyway."""
    stage = PinnedStage(*(hostile(value) for value in ("decode", {"max_frames": "75"}, {"model": "0"})))
    spec = replace(
        ORDER, stages=(stage,), **{name: hostile(getattr(ORDER, name)) for name in ("run", "pipeline", "digest")},
        **{name: hostile(getattr(ORDER, name)) for name in ("input_root", "output_root", "clips_sha256", "libraries")},
    )  # fmt: skip
    named = {name: hostile(getattr(DONE[0], name)) for name in ("seconds", "records", "reused")}
    done = [replace(DONE[0], **named)]
    given = {"quality": hostile(QUALITY), "quarantine": hostile(QUARANTINE), "product": hostile("clips"),
             "splits": ["train" + HOSTILE, "val"],
             "figures": [("num_frames_grey" + HOSTILE, hostile("grey"))]}  # fmt: skip
    told = page(Findings(spec, True, done, sheets=[Sheet(hostile("s1/a"), b"\xff\xd8")], **given))
    balance = Balance()
    balance.feed(told)
    assert balance.open == []
    assert balance.tags <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "p", "h1", "h2", "span", "section", "div",
        "b", "table", "thead", "tbody", "tr", "th", "td", "pre", "figure", "img", "figcaption",
    }  # fmt: skip
    assert balance.attributes <= {"lang", "charset", "name", "content", "class", "style", "alt", "src"}
    # In the title, the head of the page, a key in a cell and the title of a sheet the text itself is shown.
    for before in ("Visemill run r1", "s1/a", "GREY_FRAMES", "none & nowhere", "max_frames", "library av", "/in"):
        assert before + HOSTILE in balance.text, before


def test_the_context_is_text_and_numbers_only():
    speakers = {"s1/a": "s1", "s1/b": "s1"}
    shown = context(Findings(ORDER, True, DONE, QUALITY, QUARANTINE, splits=("train", "val"), speakers=speakers))
    assert shown.left_out.rows[0][0].text == "s1/<script>"
    assert shown.left_out.rows[0][2].blocks == ("last <words>", "visemill reproduce")
    assert [cell.text or cell.bar_percent for cell in shown.splits.rows[0]] == ["train", "2", 100, "s1 (2)"]


def test_a_short_key_stays_whole_and_a_sentence_may_be_broken():
    cells = [Cell("s1/bbaf2n"), Cell("s1/" + 40 * "a"), Cell("two words"), Cell("short", ("last words",))]
    assert [cell.whole for cell in cells] == [True, False, False, False]


def test_counts_reasons_flags_and_figures_are_told():
    for told in (
        "NO_FACE",
        "GREY_FRAMES",
        "num_frames_grey",
        "2.0 MB",
        "visemill reproduce",
        "max_frames = 75",
        "finished",
        "Each worker reads 150 frames a second.",
        "Reused from the cache: landmarks of 2 clips.",
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
    assert "2 clips in the output" in text() and "2 clips done so far" in text(finished=False)


def test_lengths_follow_the_width_of_the_screen():
    assert not re.search(r"width:\d+px", text().partition("</style>")[2])
    assert '<td class="bars"><div class="bar" style="width:100.0%"></div></td>' in text()


def test_rows_with_long_words_are_stacked_on_a_narrow_screen():
    quarantine = text().partition("how to reproduce it")[0].rpartition("<table")[2]
    origin = text().partition("digest of the run")[0].rpartition("<table")[2]
    assert quarantine.startswith(' class="stack"') and origin.startswith(' class="stack"')


def test_the_median_of_two_clips_lies_between_them():
    row = text().partition("num_frames_grey")[2].partition("</tr>")[0]
    assert re.findall(r">([\d.]+)<", row) == ["0", "6", "12", "1"]


def test_clips_that_can_be_heard_have_a_player_each_that_needs_no_file():
    html = text(players=[Player("a/<1> CLIPPED", b"RIFF1"), Player("a/2", b"RIFF2")])
    assert html.count("<audio controls") == 2
    assert 'src="data:audio/wav;base64,UklGRjE="' in html
    assert "a/&lt;1&gt; CLIPPED" in html
    assert "<audio" not in text()


def test_tables_of_the_pipeline_stand_under_their_titles():
    html = text(tables=[("Speakers", ("speaker", "hours"), (("<abebe>", "1.50"),))])
    assert "<h2>Speakers</h2>" in html and "&lt;abebe&gt;" in html and "1.50" in html
    assert "<h2>Speakers</h2>" not in text()


def test_who_speaks_is_told_once():
    speakers = {"s1/a": "abebe", "s1/b": "abebe"}
    findings = Findings(ORDER, True, DONE, QUALITY, [], splits=("train", "val"), speakers=speakers)
    table = context(findings).splits
    assert table.heads[-1] == "speakers"
    assert [row[-1].text for row in table.rows] == ["abebe (2)", "none"]
    unknown = context(replace(findings, speakers={})).splits
    assert [row[-1].text for row in unknown.rows] == ["none", "none"]
    own = context(replace(findings, tables=[("Speakers", ("speaker",), (("s1",),))], product="clips")).splits
    assert own.heads == ("split", "clips", "")
    assert all(len(row) == 3 for row in own.rows)
