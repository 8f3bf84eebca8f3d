"""VGG19 to conv3_3: its values are those of the formula, and it teaches the painted picture alone."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from services.training.talker.networks.vgg19 import Vgg19Start, perceptual_errors  # noqa: E402


@pytest.fixture
def network() -> Vgg19Start:
    torch.manual_seed(4)
    return Vgg19Start().eval().requires_grad_(False)


def test_it_has_the_names_and_the_size_of_torchvisions(network: Vgg19Start) -> None:
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert list(shapes) == [f"features.{i}.{part}" for i in (0, 2, 5, 7, 10, 12, 14) for part in ("weight", "bias")]
    assert shapes["features.0.weight"] == (64, 3, 3, 3) and shapes["features.14.weight"] == (256, 256, 3, 3)
    assert sum(value.numel() for value in network.state_dict().values()) == 1_735_488


def test_values_are_those_of_the_plain_formula_and_the_last_ones_are_before_the_relu(network: Vgg19Start) -> None:
    w = network.state_dict()

    def layer(x: "torch.Tensor", index: int) -> "torch.Tensor":
        return functional.conv2d(x, w[f"features.{index}.weight"], w[f"features.{index}.bias"], padding=1)

    pictures = torch.rand(2, 3, 17, 24)
    x = pictures
    for index in (0, 2):
        x = layer(x, index).clamp(min=0)
    x = functional.max_pool2d(x, 2, 2)
    for index in (5, 7):
        x = layer(x, index).clamp(min=0)
    x = functional.max_pool2d(x, 2, 2)
    for index in (10, 12):
        x = layer(x, index).clamp(min=0)
    x = layer(x, 14)
    found = network(pictures)
    assert found.shape == (2, 256, 4, 6)
    assert torch.allclose(found, x, atol=1e-6) and bool((found < 0).any())
    other = torch.rand(2, 3, 17, 24)
    expected = ((network(other) - x) ** 2).reshape(2, -1).mean(1)
    assert torch.allclose(perceptual_errors(network, other, pictures), expected, rtol=1e-4)


def test_its_gradient_goes_to_the_painted_picture_alone(network: Vgg19Start) -> None:
    made, target = torch.rand(1, 3, 16, 16, requires_grad=True), torch.rand(1, 3, 16, 16, requires_grad=True)
    perceptual_errors(network, made, target).sum().backward()
    assert made.grad is not None and bool(made.grad.abs().sum() > 0)
    assert target.grad is None and all(value.grad is None for value in network.parameters())
