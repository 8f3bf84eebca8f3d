"""The graph gives what the model gives after its preparation, for batches and lengths other than the exported ones."""

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import VisemillError  # noqa: E402
from services.training.lipreading.alphabet import Alphabet  # noqa: E402
from services.training.recipes.ctc_graph import check_parity, graph_bytes  # noqa: E402
from services.training.recipes.grid_ctc.pieces import Lipreader  # noqa: E402
from services.training.recipes.grid_ctc.spec import GridCtcConfig  # noqa: E402
from services.training.recipes.traced_graph import TOLERANCE  # noqa: E402

FEW = ((5,), (12, 31), (3, 20, 9, 14))


@pytest.mark.parametrize("settings", [{"size": "tiny"}, {"size": "full", "encoder": "conformer"}])
def test_batches_of_other_sizes_padded_and_alone_are_the_models(settings: dict[str, str]) -> None:
    reader = Lipreader(GridCtcConfig(**settings), Alphabet("ab "))
    model = reader.network(1).eval()
    data = graph_bytes(reader, model, 50, 100)
    assert check_parity(data, reader, model, 50, 100, FEW) < TOLERANCE
    if settings["size"] == "tiny":
        with pytest.raises(VisemillError) as refused:
            check_parity(data, reader, reader.network(2).eval(), 50, 100, FEW)
        assert refused.value.reason == "EXPORT_DIFFERS"
