"""Who may see, cancel and retry whose runs."""

import pytest

from orchestrator.service.owners import ANONYMOUS, Owners

ALICE, BOB, OPS = "CN=alice", "CN=bob", "CN=ops,O=media"
MUTUAL, OPEN = Owners(True, (OPS,)), Owners()


@pytest.mark.parametrize(
    ("owners", "caller", "owner", "may"),
    [
        (OPEN, ANONYMOUS, ANONYMOUS, True),
        # Submitted while the server still asked for certificates.
        (OPEN, ANONYMOUS, ALICE, True),
        (MUTUAL, ALICE, ALICE, True),
        (MUTUAL, BOB, ALICE, False),
        (MUTUAL, OPS, ALICE, True),
        (MUTUAL, ALICE, OPS, False),
        # Submitted before the server asked for certificates.
        (MUTUAL, ALICE, ANONYMOUS, False),
        (MUTUAL, OPS, ANONYMOUS, True),
        (MUTUAL, ANONYMOUS, ANONYMOUS, False),
        (MUTUAL, ANONYMOUS, ALICE, False),
        (MUTUAL, "CN=ops", ALICE, False),
        (MUTUAL, "cn=alice", ALICE, False),
        (Owners(True), ALICE, BOB, False),
    ],
)
def test_a_run_is_open_to_its_owner_and_to_operators(owners, caller, owner, may):
    assert owners.may(caller, owner) is may


@pytest.mark.parametrize("values", [(False, (OPS,)), (True, (ANONYMOUS,))])
def test_operators_that_mean_nothing_are_refused(values):
    with pytest.raises(ValueError, match="--operator"):
        Owners(*values)
