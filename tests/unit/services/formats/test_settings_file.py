"""A file of settings: each value with its line, whichever way it is written."""

import pytest

from services.formats.settings_file import MAX_CHARACTERS, Setting, settings_in


def test_values_have_the_line_of_their_key() -> None:
    found = settings_in("# a run\nnum-shards: 8\nname: '8'\n\nremote:\n  - a=b:1\nkeep: false\n")
    assert found == {
        "num-shards": Setting(8, 2, "8"),
        "name": Setting("8", 3, "8"),
        "remote": Setting(["a=b:1"], 5),
        "keep": Setting(False, 7, "false"),
    }


@pytest.mark.parametrize("text", ['{"a": 1, "b": "x"}', '{\n\t"a": 1,\n\t"b": "x"\n}', "a: 1\nb: x", "{a: 1, b: x}"])
def test_json_and_yaml_say_the_same(text: str) -> None:
    assert {name: one.value for name, one in settings_in(text).items()} == {"a": 1, "b": "x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1.5E6", 1.5e6),
        ("2026-11-28", "2026-11-28"),
        ("no", False),
        ("", None),
        ("'no'", "no"),
        ("007", 7),
    ],
)
def test_a_word_is_what_its_writer_meant(text: str, value: object) -> None:
    assert settings_in(f"a: {text}")["a"].value == value


def test_what_was_written_is_kept_beside_the_number() -> None:
    assert settings_in("run: 007")["run"].text == "007"


def test_escapes_of_json_are_those_of_json() -> None:
    assert settings_in('{"a": "\\ud83d\\ude00"}')["a"].value == "😀"
    assert settings_in('{"a": "\\u00e9"}')["a"].value == "é"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping"),
        ("- a", "must be a mapping"),
        ("a: 1\nb: 2\na: 3", "line 3: the key a is in line 1 too"),
        ("a: [1", "not YAML: .*line 1"),
        ('{"a": 1', "not JSON"),
        ("[1]: 2", "line 1: a key must be a name"),
        ("a: !!python/object/apply:os.system [echo]", "not YAML"),
        ("a: 1\n---\nb: 2", "not YAML"),
        (f"a: {'x' * MAX_CHARACTERS}", "at most 1048576"),
        ("a: " + "[" * 5000, "too deep|not YAML"),
    ],
)
def test_what_is_no_file_of_settings_says_where(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){said}"):
        settings_in(text)
