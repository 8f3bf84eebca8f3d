"""--dataset LANG=MANIFEST[=OUTPUT]: whose rules, which manifest, which output."""

import pytest

from orchestrator.pipelines.tts.options import TtsOptions
from orchestrator.pipelines.tts.roots.data_sets import DATASET_FLAG, read_data_sets
from services.base.errors import BadConfig


@pytest.mark.parametrize(
    ("value", "output_root", "manifest", "output"),
    [
        ("am=am/m.jsonl", "", "am/m.jsonl", "./am_processed_data"),
        ("AM=am/m.jsonl", "root", "am/m.jsonl", "root/am_processed_data"),
        ("ja=m.jsonl=ja_out", "root", "m.jsonl", "ja_out"),
        ("ja=m.jsonl=", "root", "m.jsonl", "root/ja_processed_data"),
        ("zh=s3://b/m.jsonl=s3://b/out", "", "s3://b/m.jsonl", "s3://b/out"),
    ],
)
def test_an_output_is_used_as_given_and_else_lies_below_the_root(value, output_root, manifest, output):
    (found,) = read_data_sets([value], TtsOptions(), output_root)
    assert (found.options.manifest, found.output_root) == (manifest, output)
    assert found.label == value.partition("=")[0]


LANGUAGES = {"en": "en", "fr": "en", "de": "en", "zh": "zh", "CN": "zh", "ja": "ja", "jp": "ja", "am": "am"}
LANGUAGES |= {"Amh": "am", "ko": "", "xx": ""}


@pytest.mark.parametrize(("label", "language"), LANGUAGES.items())
def test_the_label_says_whose_rules_normalise_and_an_unknown_one_leaves_it_to_the_text(label, language):
    (found,) = read_data_sets([f"{label}=m.jsonl"], TtsOptions(language="ja"), "")
    assert found.options.language == language


def test_all_other_options_are_those_of_the_command():
    first, second = read_data_sets(["am=a.jsonl", "zh=z.jsonl"], TtsOptions(val_ratio=0.5, max_samples=3), "")
    assert [(one.options.val_ratio, one.options.max_samples) for one in (first, second)] == [(0.5, 3)] * 2


def test_the_value_that_gives_a_data_set_again():
    (found,) = read_data_sets(["am=a.jsonl"], TtsOptions(), "root")
    assert DATASET_FLAG.text(found) == "am=a.jsonl=root/am_processed_data"


@pytest.mark.parametrize("value", ["am", "am=", "=m.jsonl", "../am=m.jsonl", "a/b=m.jsonl", ".am=m.jsonl"])
def test_another_form_is_refused_with_the_form(value):
    with pytest.raises(BadConfig, match="LANG=MANIFEST") as caught:
        read_data_sets([value], TtsOptions(), "")
    assert caught.value.reason == "BAD_FLAGS"


def test_a_manifest_beside_data_sets_is_refused():
    with pytest.raises(BadConfig, match=r"--manifest m\.jsonl is used by no --dataset"):
        read_data_sets(["am=a.jsonl"], TtsOptions(manifest="m.jsonl"), "")
