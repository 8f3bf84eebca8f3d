"""Values from outside: what each type of a field takes, and what is said of what it does not."""

import math
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from pydantic_core import SchemaValidator, ValidationError

from services.base.errors import BadConfig
from services.base.process.values import checked, checked_value, from_environment, is_plain, schema_of


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (int, 8, 8),
        (float, 5, 5.0),
        (int | float, 3, 3.0),
        (bool, False, False),
        (str, "", ""),
        (Literal["a", "b"], "b", "b"),
        (Literal["a", "b"] | None, None, None),
        (int | None, None, None),
        (list[str], ["a", "b"], ["a", "b"]),
        (Annotated[str, "a mark"], "x", "x"),
        (dict[str, int], {"any": "thing"}, {"any": "thing"}),
    ],
)
def test_a_value_is_held_as_its_field_holds_it(hint: Any, value: object, expected: object) -> None:
    found = checked_value(hint, value, "x")
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("hint", "value", "rule"),
    [
        (int, "8", "a whole number, not '8'"),
        (int, 8.0, "a whole number, not 8.0"),
        (int, True, "a whole number, not True"),
        (int | None, "x", "a whole number, not 'x'"),
        (float, "5", "a finite number, not '5'"),
        (float, float("nan"), "a finite number, not nan"),
        (float, True, "a finite number, not True"),
        (bool, 1, "true or false, not 1"),
        (str, 5, "text, not 5"),
        (str, None, "text, not None"),
        (Literal["a", "b"], "c", "one of a, b, not 'c'"),
        (Literal["", "folder"], "x", "one of folder, not 'x'"),
        (list[str], "a", "a list of texts, not 'a'"),
    ],
)
def test_what_it_does_not_take_is_refused_with_the_rule_and_the_value(hint: Any, value: object, rule: str) -> None:
    with pytest.raises(BadConfig) as refused:
        checked_value(hint, value, "--x")
    assert (refused.value.reason, refused.value.message) == ("BAD_SETTING", f"--x must be {rule}")


@dataclass(frozen=True)
class Toy:
    cores: int = 0
    share: float = 0.5
    keep: bool = True
    mode: Literal["fast", "exact"] = "fast"
    place: str | None = field(default=None, metadata={"env": ("TOY_PLACE", "PLACE")})

    def __post_init__(self) -> None:
        if self.cores < 0:
            raise ValueError(f"cores must be 0 or more, not {self.cores}")


@pytest.mark.parametrize(
    ("environment", "given", "expected"),
    [
        ({}, {}, Toy()),
        ({"VISEMILL_CORES": " 3 ", "VISEMILL_KEEP": "false", "VISEMILL_SHARE": "1"}, {}, Toy(3, 1.0, False)),
        ({"VISEMILL_CORES": "3", "VISEMILL_MODE": ""}, {"cores": 4, "mode": None}, Toy(4)),
        ({"PLACE": "b"}, {}, Toy(place="b")),
        ({"TOY_PLACE": "a", "PLACE": "b", "VISEMILL_PLACE": "c"}, {}, Toy(place="a")),
    ],
)
def test_what_is_given_wins_over_the_environment_and_that_over_the_default(environment, given, expected) -> None:
    assert from_environment(Toy, environment, given) == expected


@pytest.mark.parametrize(
    ("environment", "given", "said"),
    [
        ({"VISEMILL_CORES": "two"}, {}, "VISEMILL_CORES='two' must be a whole number"),
        ({"VISEMILL_SHARE": "inf"}, {}, "VISEMILL_SHARE='inf' must be a finite number"),
        ({"VISEMILL_MODE": "slow"}, {}, "VISEMILL_MODE='slow' must be one of fast, exact"),
        ({"VISEMILL_KEEP": "perhaps"}, {}, "VISEMILL_KEEP='perhaps' must be true or false"),
        ({"VISEMILL_CORES": "-1"}, {}, "cores must be 0 or more, not -1"),
        ({}, {"share": "much"}, "--share must be a finite number, not 'much'"),
    ],
)
def test_a_bad_variable_is_named(environment, given, said) -> None:
    with pytest.raises(BadConfig) as refused:
        from_environment(Toy, environment, given)
    assert refused.value.message == said


def test_a_message_calls_a_field_as_its_user_knows_it() -> None:
    with pytest.raises(BadConfig, match="line 3: cores must be a whole number, not 'x'"):
        checked(Toy, {"cores": "x"}, lambda name: f"line 3: {name}")


VALUES = (True, 1, 0, 1.5, 2.0, math.nan, math.inf, "a", "1", "", "ä", "\udc80", None, ["a"], [1], {"a": 1})


@pytest.mark.parametrize("hint", [bool, int, float, str, Literal["a", "1"], int | None, list[str], dict[str, int]])
@pytest.mark.parametrize("value", VALUES)
def test_a_value_that_is_taken_as_it_stands_is_one_that_the_library_leaves_as_it_is(hint: Any, value: object) -> None:
    if not is_plain(hint, value):
        return
    try:
        found = SchemaValidator(schema_of(hint)).validate_python(value, strict=True)
    except ValidationError:
        pytest.fail(f"the library refuses {value!r} as {hint}")
    assert (type(found), found) == (type(value), value)


def test_values_of_their_fields_types_do_not_load_the_library() -> None:
    """A worker has no others, and starts sooner without it."""
    program = (
        "import sys; from services.base.process.settings import settings; settings();"
        "from services.base.process.values import checked_value; checked_value(int, 3, 'n');"
        "checked_value(float | None, None, 'n'); checked_value(dict[str, str], {}, 'n');"
        "print('pydantic_core' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISEMILL_")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
