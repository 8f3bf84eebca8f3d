"""The size of a batch follows from the memory that a GPU reports, which is less than it is sold with."""

import pytest

from services.features.batching.by_memory import batch_size_of, num_decoders_of


@pytest.mark.parametrize(
    ("gib", "size"),
    [
        (79.2, 24), (39.4, 24), (23.7, 16), (22.0, 16), (15.8, 8), (14.7, 8), (11.6, 6), (7.8, 4), (6.0, 2), (4.0, 2),
    ],
)  # fmt: skip
def test_a_card_of_24_gib_that_reports_22_is_one_of_24(gib: float, size: int) -> None:
    assert batch_size_of(int(gib * 2**30)) == size


def test_a_gpu_that_cannot_be_asked_is_taken_for_a_middling_one() -> None:
    assert batch_size_of(None) == 8


@pytest.mark.parametrize(("cores", "decoders"), [(2, 8), (8, 8), (12, 12), (96, 16)])
def test_a_gpu_is_fed_by_8_to_16_processes(cores: int, decoders: int) -> None:
    assert num_decoders_of("cuda", cores) == decoders


def test_a_cpu_computes_while_one_process_decodes() -> None:
    assert num_decoders_of("cpu", 32) == 1
