"""Where labels come from, and what becomes of a labels file that is there already."""

import pytest

from orchestrator.pipelines.base import Inputs, no_earlier_runs
from orchestrator.pipelines.sign import labels as sign_labels
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig
from services.base.run.spec import PinnedStage, RunSpec
from services.records.sign.files.labels import Gloss, LabelRow

NAMES = {"FOOD/bread/a.mp4": "a", "FOOD/rice/b.mp4": "b", "DRINK/milk/c.mov": "c"}


def flags(tmp_path, **given):
    """Options, and the output root beside which they are given."""
    output_root = given.pop("output_root", str(tmp_path / "out"))
    given.pop("state_root", None)
    return SignOptions(**given), output_root


def plan_labels(names, given, odd=None, earlier=no_earlier_runs):
    options, output_root = given
    return sign_labels.plan_labels(names, options, Inputs((), "", output_root, earlier), odd)


def test_without_an_id_there_are_no_labels_and_that_is_said(tmp_path):
    labels = plan_labels(NAMES, flags(tmp_path))
    assert labels.of_name == {} and "--label-map" in labels.notes[0]


def test_one_id_is_gloss_and_category_of_all(tmp_path):
    assert plan_labels(NAMES, flags(tmp_path, id=7)).of_name == dict.fromkeys("abc", (7, 7))
    assert plan_labels(NAMES, flags(tmp_path, gloss_id=7, cat_id=2)).of_name == dict.fromkeys("abc", (7, 2))


def test_folders_are_glosses_and_the_folders_above_categories(tmp_path):
    labels = plan_labels(NAMES, flags(tmp_path, label_from="folder"))
    assert labels.of_name == {"a": (0, 1), "b": (2, 1), "c": (1, 0)}
    assert labels.glosses == (Gloss(0, "bread", 1, "FOOD"), Gloss(1, "milk", 0, "DRINK"), Gloss(2, "rice", 1, "FOOD"))


def test_folders_that_are_numbers_are_the_ids(tmp_path):
    labels = plan_labels({"12/a.mp4": "a", "3/b.mp4": "b", "c.mp4": "c"}, flags(tmp_path, label_from="folder"))
    assert labels.of_name == {"a": (12, 12), "b": (3, 3)}
    assert labels.notes == ("1 lie in no folder and get no label, such as 'c.mp4'",)


def test_two_folders_of_one_number_end_the_run(tmp_path):
    with pytest.raises(BadConfig, match="'01' and '1' are both gloss 1"):
        plan_labels({"1/a.mp4": "a", "01/b.mp4": "b"}, flags(tmp_path, label_from="folder"))


def test_a_gloss_below_two_folders_has_no_category_of_its_own(tmp_path):
    names = {"train/x/a.mp4": "a", "test/x/b.mp4": "b", "test/y/c.mp4": "c"}
    assert plan_labels(names, flags(tmp_path, label_from="folder")).of_name == {"a": (0, 0), "b": (0, 0), "c": (1, 1)}


@pytest.mark.parametrize("name", ["FOOD/bread/a.mp4", "FOOD/bread/a", "a.mp4", "a", "a.npz"])
def test_a_map_names_clips_in_any_way(tmp_path, name):
    table = tmp_path / "map.csv"
    table.write_text(f"file,gloss,cat\n{name},5,1\nother.mp4,9,9\n")
    labels = plan_labels(NAMES, flags(tmp_path, label_map=str(table)))
    assert labels.of_name == {"a": (5, 1)}
    assert labels.notes[0].startswith("2 are not in") and labels.notes[1].startswith("1 are in")


def test_a_table_of_glosses_names_folders(tmp_path):
    table = tmp_path / "glosses.csv"
    table.write_text("gloss_id,label,cat_id,category\n40,bread,8,FOOD\n41,rice,8,FOOD\n50,milk,9,DRINK\n")
    labels = plan_labels(NAMES, flags(tmp_path, label_map=str(table)))
    assert labels.of_name == {"a": (40, 8), "b": (41, 8), "c": (50, 9)}
    table.write_text("gloss_id,label,cat_id\n40,bread,8\n")
    with pytest.raises(BadConfig, match="milk"):
        plan_labels(NAMES, flags(tmp_path, label_map=str(table)))


@pytest.mark.parametrize(
    "given",
    [
        {"id": 1, "label_from": "folder"},
        {"id": 1, "label_map": "x.csv"},
        {"id": -1},
        {"cat_id": 3},
        {"id": 3, "gloss_id": 4},
        {"label_map": "OUT/../map.csv", "label_from": "folder"},
        {"label_map": "no-such-file.csv"},
        {"id": 1, "labels_csv": "/elsewhere/labels.csv"},
        {"id": 1, "labels_csv": "OUT/a.npz"},
        {"id": 1, "labels_csv": "OUT/meta.json"},
        {"id": 1, "labels_csv": "OUT/Glosses.csv"},
    ],
)
def test_flags_that_cannot_work_end_the_run(tmp_path, given):
    (tmp_path / "out").mkdir()
    (tmp_path / "map.csv").write_text("file,gloss\na.mp4,3\n")
    given = {k: v.replace("OUT", str(tmp_path / "out")) if isinstance(v, str) else v for k, v in given.items()}
    with pytest.raises(BadConfig):
        plan_labels(NAMES, flags(tmp_path, **given))


def test_a_map_of_other_clips_ends_the_run(tmp_path):
    table = tmp_path / "map.csv"
    table.write_text("file,gloss\nother.mp4,9\n")
    with pytest.raises(BadConfig, match="none of its 1 files"):
        plan_labels(NAMES, flags(tmp_path, label_map=str(table)))


def test_the_labels_file_may_have_another_name_in_the_output(tmp_path):
    given = flags(tmp_path, id=1, labels_csv=str(tmp_path / "out" / "sub" / "l.csv"))
    assert plan_labels(NAMES, given).file == "sub/l.csv"


def test_appending_keeps_rows_of_other_clips_only(tmp_path):
    (tmp_path / "out").mkdir()
    labels_csv = tmp_path / "out" / "labels.csv"
    labels_csv.write_text("file,gloss,cat\nz.npz,4,4\na.npz,9,9\nb,9,9\n")
    labels = plan_labels(NAMES, flags(tmp_path, id=1, append=True))
    assert labels.kept.rows == (LabelRow("z.npz", 4, 4, 0),)
    assert labels.appends and "appends" not in labels.details()


def test_a_plan_made_again_after_its_run_is_the_same(tmp_path):
    before = plan_labels(NAMES, flags(tmp_path, id=1, append=True)).details()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "labels.csv").write_text("file,gloss,cat,occluded\na.npz,1,1,0\nb.npz,1,1,1\n")
    assert plan_labels(NAMES, flags(tmp_path, id=1, append=True)).details() == before


def test_rows_of_a_file_elsewhere_are_taken_over(tmp_path):
    (tmp_path / "all.csv").write_text("file,gloss,cat,occluded\nz.npz,4,4,1\n")
    labels = plan_labels(NAMES, flags(tmp_path, id=1, append=True, labels_csv=str(tmp_path / "all.csv")))
    assert (labels.file, labels.kept.rows) == ("labels.csv", (LabelRow("z.npz", 4, 4, 1),))


def test_words_that_earlier_runs_numbered_keep_their_numbers(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "glosses.csv").write_text("gloss_id,label,cat_id,category\n0,rice,0,FOOD\n1,wine,1,DRINK\n")
    labels = plan_labels(NAMES, flags(tmp_path, label_from="folder", append=True))
    assert labels.of_name == {"a": (2, 0), "b": (0, 0), "c": (3, 1)}
    assert [gloss.label for gloss in labels.glosses] == ["rice", "wine", "bread", "milk"]
    assert plan_labels(NAMES, flags(tmp_path, label_from="folder")).of_name == {"a": (0, 1), "b": (2, 1), "c": (1, 0)}


def test_a_number_that_stands_for_another_word_ends_the_run(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "glosses.csv").write_text("gloss_id,label,cat_id,category\n7,tea,0,DRINK\n")
    table = tmp_path / "map.csv"
    table.write_text("gloss_id,label,cat_id\n7,bread,0\n8,rice,0\n9,milk,1\n")
    with pytest.raises(BadConfig, match=r"GLOSS_IDS_DIFFER.*'bread'.*'tea'"):
        plan_labels(NAMES, flags(tmp_path, label_map=str(table), append=True))


def test_clips_without_labels_may_be_added(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "labels.csv").write_text("file,gloss,cat\nz.npz,4,4\n")
    labels = plan_labels(NAMES, flags(tmp_path, append=True))
    assert (labels.of_name, labels.kept.rows, labels.appends) == ({}, (LabelRow("z.npz", 4, 4, 0),), True)


def test_a_folder_that_is_no_number_renumbers_no_other(tmp_path):
    names = {f"{folder}/{i}.mp4": str(i) for i, folder in enumerate(("0", "1", "2", "10", "11", "100", "2 (copy)"))}
    with pytest.raises(BadConfig, match=r"FOLDERS_DISAGREE.*'2 \(copy\)'"):
        plan_labels(names, flags(tmp_path, label_from="folder"))
    with pytest.raises(BadConfig, match="'odd': no number, and the other 2 folders are numbers"):
        plan_labels({"5/a.mp4": "a", "7/b.mp4": "b", "odd/c.mp4": "c"}, flags(tmp_path, label_from="folder"))


@pytest.mark.parametrize("copy", ["tea (copy)", "tea (2)", "tea - Copy", "tea copy", "tea copy 2"])
def test_a_copy_of_a_folder_is_no_gloss_of_its_own(tmp_path, copy):
    with pytest.raises(BadConfig, match="looks like a copy of 'tea'"):
        plan_labels({"tea/a.mp4": "a", f"{copy}/b.mp4": "b"}, flags(tmp_path, label_from="folder"))


def test_a_gloss_beside_categories_ends_the_run(tmp_path):
    with pytest.raises(BadConfig, match="'tea' lies in no folder"):
        plan_labels({**NAMES, "tea/d.mp4": "d"}, flags(tmp_path, label_from="folder"))


def test_folders_with_composed_and_decomposed_letters_are_one_gloss(tmp_path):
    labels = plan_labels({"caf\u00e9/a.mp4": "a", "cafe\u0301/b.mp4": "b"}, flags(tmp_path, label_from="folder"))
    assert labels.of_name == {"a": (0, 0), "b": (0, 0)}


@pytest.mark.parametrize(
    "names",
    [
        {"DRINK/milk/extra/c.mp4": "c"},
        {"FOOD/bread/old/d.mp4": "d"},
        {"x.mp4/FOOD/bread/d.mp4": "d"},
    ],
)
def test_a_folder_too_deep_is_no_gloss_of_its_own(tmp_path, names):
    with pytest.raises(BadConfig, match=r"FOLDERS_DISAGREE.*not 2 folders deep"):
        plan_labels({**NAMES, **names}, flags(tmp_path, label_from="folder"))


@pytest.mark.parametrize("other", ["Tea", "TEA", "tea "])
def test_folders_that_differ_by_case_or_spaces_are_not_two_glosses(tmp_path, other):
    names = {"tea/a.mp4": "a", f"{other}/b.mp4": "b"}
    with pytest.raises(BadConfig, match=r"FOLDERS_DISAGREE.*rename one"):
        plan_labels(names, flags(tmp_path, label_from="folder"))
    names = {"X/tea/a.mp4": "a", "x/milk/b.mp4": "b"}
    with pytest.raises(BadConfig, match=r"FOLDERS_DISAGREE.*'X' and 'x'"):
        plan_labels(names, flags(tmp_path, label_from="folder"))


@pytest.mark.parametrize("folder", ["-1", "3.0", "1e3", "3 ", "+3", "\uff12", "3,5"])
def test_a_folder_named_like_a_number_is_no_word(tmp_path, folder):
    with pytest.raises(BadConfig, match=r"FOLDERS_DISAGREE.*named like a number and no id"):
        plan_labels({f"{folder}/a.mp4": "a"}, flags(tmp_path, label_from="folder"))


@pytest.mark.parametrize("folder", ["Tea", "tea (copy)", "0"])
def test_an_added_folder_is_held_to_the_glosses_that_are_there(tmp_path, folder):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "glosses.csv").write_text("gloss_id,label,cat_id,category\n0,tea,0,tea\n1,milk,1,milk\n")
    with pytest.raises(BadConfig, match=r"FOLDERS_DISAGREE|GLOSS_IDS_DIFFER"):
        plan_labels({f"{folder}/a.mp4": "a"}, flags(tmp_path, label_from="folder", append=True))


def test_a_category_keeps_its_number_and_a_number_its_category(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "glosses.csv").write_text("gloss_id,label,cat_id,category\n0,tea,5,DRINK\n")
    table = tmp_path / "map.csv"
    for row, odd in (("7,milk,6,DRINK", "'DRINK' as 5"), ("7,bread,5,FOOD", "'DRINK' as it")):
        table.write_text(f"gloss_id,label,cat_id,category\n{row}\n")
        with pytest.raises(BadConfig, match=f"GLOSS_IDS_DIFFER.*{odd}"):
            folder = row.split(",")[1]
            plan_labels({f"{folder}/a.mp4": "a"}, flags(tmp_path, label_map=str(table), append=True))


def test_a_new_word_gets_no_number_that_a_clip_without_a_word_has(tmp_path):
    there(tmp_path, "file,gloss,cat,occluded\nz.npz,4,7,0\n")
    given = flags(tmp_path, label_from="folder", append=True)
    assert plan_labels({"new/b.mp4": "b"}, given).of_name == {"b": (5, 5)}
    assert plan_labels({"FOOD/new/b.mp4": "b"}, given).of_name == {"b": (5, 8)}
    there(tmp_path, "gloss_id,label,cat_id,category\n5,new,5,new\n", "glosses.csv")
    there(tmp_path, "file,gloss,cat,occluded\nb.npz,5,5,0\nz.npz,4,7,0\n")
    assert plan_labels({"new/b.mp4": "b"}, given).of_name == {"b": (5, 5)}


def test_two_words_of_one_number_can_be_added_to(tmp_path):
    (tmp_path / "out").mkdir()
    rows = "gloss_id,label,cat_id,category\n0,bye,0,\n0,goodbye,0,\n"
    (tmp_path / "out" / "glosses.csv").write_text(rows)
    (tmp_path / "map.csv").write_text(rows)
    given = flags(tmp_path, label_map=str(tmp_path / "map.csv"), append=True)
    assert plan_labels({"bye/a.mp4": "a", "goodbye/b.mp4": "b"}, given).of_name == {"a": (0, 0), "b": (0, 0)}


def there(tmp_path, text, file="labels.csv"):
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / file).write_bytes(text.encode())


def ran(tmp_path, **labels):
    """The record of a run that gave these labels."""
    details = {"labels": labels}
    spec = RunSpec(
        "r1", "sign", "1" * 64, (PinnedStage("decode"),), "/in", str(tmp_path / "out"), 1, 1, "0" * 64, {}, details
    )
    return [spec]


def test_a_label_that_was_changed_by_hand_is_not_replaced(tmp_path):
    there(tmp_path, "file,gloss,cat,occluded\nbread.npz,12,3,0\n")
    earlier = ran(tmp_path, bread=[3, 3])
    with pytest.raises(BadConfig, match=r"LABELS_EDITED.*bread\.npz the gloss 12 and the category 3.*give it 3 and 3"):
        plan_labels({"bread.mp4": "bread"}, flags(tmp_path, id=3, append=True), earlier=lambda: earlier)
    assert (
        plan_labels({"milk.mp4": "milk"}, flags(tmp_path, id=3, append=True), earlier=lambda: earlier)
        .kept.rows[0]
        .gloss
        == 12
    )


def test_a_label_of_an_earlier_run_is_replaced_and_that_is_said(tmp_path):
    there(tmp_path, "file,gloss,cat,occluded\nbread.npz,3,3,0\n")
    earlier = ran(tmp_path, bread=[3, 3])
    notes = plan_labels({"bread.mp4": "bread"}, flags(tmp_path, id=5, append=True), earlier=lambda: earlier).notes
    assert notes == ("1 rows of labels.csv get another label, such as 'bread.npz (gloss 3, now 5)'",)


def test_a_row_of_a_clip_that_gets_no_label_stays(tmp_path):
    there(tmp_path, "file,gloss,cat,occluded\nbread.npz,12,3,1\n")
    labels = plan_labels({"bread.mp4": "bread"}, flags(tmp_path, append=True))
    assert labels.kept.rows == (LabelRow("bread.npz", 12, 3, 1),)


def test_two_rows_of_one_clip_are_refused_where_they_differ(tmp_path):
    there(tmp_path, "file,gloss,cat,occluded\nbread.npz,12,3,1\nbread,12,4,1\n")
    with pytest.raises(BadConfig, match=r"BAD_LABELS.*lines 2 and 3 are both of 'bread'"):
        plan_labels({"milk.mp4": "milk"}, flags(tmp_path, id=3, append=True))
    there(tmp_path, "file,gloss,cat,occluded\nbread.npz,12,3,1\nbread,12,3,1\n")
    assert len(plan_labels({"milk.mp4": "milk"}, flags(tmp_path, id=3, append=True)).kept.rows) == 1
