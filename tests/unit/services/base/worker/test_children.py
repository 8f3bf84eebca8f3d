"""A pass with a window has a child for its network beside that of its clips; another pass has one child."""

from typing import Any

import pytest

from services.base.stage.spec import StageSpec
from services.base.stage.window import ClipSize, Window
from services.base.worker.carrying import ClipByClip
from services.base.worker.children import PassChildren
from services.base.worker.windows import SplitPass, WindowByWindow


class Child:
    made: list["Child"] = []  # noqa: RUF012 - emptied by each test

    def __init__(self, stages: Any) -> None:
        self.stages, self.calls = [name for name, _ in stages], list[str]()
        Child.made.append(self)

    def start(self) -> None:
        self.calls.append("start")

    def close(self) -> None:
        self.calls.append("close")


def opened(split: SplitPass | None, num_decoders: int = 0) -> Any:
    Child.made.clear()
    children = PassChildren(Child, [("bands", {}), ("voices", {}), ("files", {})], split, num_decoders)  # type: ignore[arg-type]
    children.start()
    carrier = children.carrier(None)  # type: ignore[arg-type]
    children.close()
    assert all(child.calls == ["start", "close"] for child in Child.made)
    return carrier


def test_one_child_holds_all_stages_where_clips_go_alone() -> None:
    assert isinstance(opened(None), ClipByClip)
    assert [child.stages for child in Child.made] == [["bands", "voices", "files"]]


@pytest.mark.parametrize(("asked", "made"), [(0, 2), (1, 1), (3, 3)])
def test_the_network_is_in_a_child_of_its_own_beside_those_that_decode(asked: int, made: int) -> None:
    window = Window(2, 1.0, lambda key, made: ClipSize(key, 1, 1.0), lambda sizes: [], num_decoders=2)
    spec = StageSpec("voices", 1, int, ("bands",), ("voices",))
    split = SplitPass([("bands", {})], [("voices", {})], [("files", {})], spec, window)
    assert isinstance(opened(split, asked), WindowByWindow)
    assert [child.stages for child in Child.made] == [*[["bands"]] * made, ["voices"]]
