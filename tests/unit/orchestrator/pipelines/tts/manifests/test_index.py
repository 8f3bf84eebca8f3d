"""What is known of a manifest's lines at once: ids, stems and lengths."""

from orchestrator.pipelines.tts.manifests.index import ManifestIndex


def line(clip_id, stem, text_len=1, code_len=2):
    return {
        "id": clip_id,
        "codes_path": f"codes/{stem}.npy",
        "text_len": text_len,
        "code_len": code_len,
        "condition_len": 32,
    }


def index_of(*lines):
    index = ManifestIndex()
    for record in lines:
        index.add(record)
    return index.sorted()


def test_a_line_is_found_by_its_id_with_its_stem_and_lengths():
    index = index_of(*(line(f"ሰ{i}", f"ሰ{i}", i, i + 1) for i in range(3000)), line("A", "A-12"))
    assert index.take("ሰ2999") == ("ሰ2999", {"text_len": 2999, "code_len": 3000, "condition_len": 32})
    assert index.take("A") == ("A-12", {"text_len": 1, "code_len": 2, "condition_len": 32})
    assert index.take("b") is None
    assert index.num_unseen == 2999
    assert index.has_codes("A-12") and not index.has_codes("A")
    assert not index.has_repeated


def test_an_id_with_several_lines_is_known():
    index = index_of(line("a", "a"), line("b", "b"), line("a", "a"))
    assert index.has_repeated
    assert [index.is_repeated(key) for key in ("a", "b", "c")] == [True, False, False]


def test_lengths_that_are_none_are_no_length():
    assert index_of(line("a", "a", text_len=None, code_len=1 << 40)).take("a") == (
        "a",
        {"text_len": -1, "code_len": -1, "condition_len": 32},
    )


def test_nothing_is_known_of_nothing():
    index = index_of()
    assert (index.take("a"), index.num_unseen, index.has_repeated, index.has_codes("a")) == (None, 0, False, False)
