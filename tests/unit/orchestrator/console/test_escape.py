"""What a name may hold does not reach the terminal as a command, and does not end a line."""

import subprocess

from orchestrator.console.escape import one_line, one_line_command, printable


def test_lines_stay_and_control_characters_do_not() -> None:
    assert printable("a\tb\nc\x1b[2J\x9b\r") == "a\tb\nc\\x1b[2J\\x9b\\r"


def test_a_name_is_one_line() -> None:
    assert one_line("a\nb\tc\x7f") == "a\\nb\\tc\\x7f"


def test_a_command_stays_the_same_for_the_shell() -> None:
    command = one_line_command("printf '%s' 'a\nb'")
    assert "\n" not in command
    assert subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout == b"a\nb"
