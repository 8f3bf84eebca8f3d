"""The file that runs inside the server: who is batched together, who is refused, and what a lack of memory costs."""

import hashlib
import importlib
import json
import sys
import types

import numpy as np
import pytest

WEIGHTS = "seeded:0"


class TritonError:
    """As the python backend's own."""

    INVALID_ARG, INTERNAL = 3, 1

    def __init__(self, message, code):
        self.message, self.code = message, code


def backend_module():
    """What the python backend offers to a model, as far as ours asks for it."""
    module = types.ModuleType("triton_python_backend_utils")
    module.TritonError = TritonError
    module.TritonModelException = RuntimeError
    module.Tensor = lambda name, array: (name, array)
    module.InferenceResponse = lambda tensors, error=None: error or tensors[0][1]
    module.get_input_tensor_by_name = lambda request, name: types.SimpleNamespace(as_numpy=lambda: request.inputs[name])
    return module


class Request:
    def __init__(self, weights="", **inputs):
        self.inputs = inputs
        self._weights = weights

    def parameters(self):
        return json.dumps({"weights": self._weights}) if self._weights else ""


class Session:
    """Means over all but the first axis; more than `most` items at once are out of memory."""

    def __init__(self, most):
        self.most, self.sizes = most, []

    def run(self, names, inputs):
        first, *others = inputs.values()
        self.sizes.append(len(first))
        if len(first) > self.most:
            raise RuntimeError("bfc_arena.cc: Failed to allocate memory for requested buffer of size 1")
        if len(inputs) == 1:
            return [first.reshape(len(first), -1).mean(axis=1, dtype=np.float32)[:, None]]
        if "lengths" not in inputs:
            return [first + sum(others)]
        lengths = inputs["lengths"].astype(np.float32)
        return [first * lengths.reshape(-1, *[1] * (first.ndim - 1))]


@pytest.fixture
def make(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", backend_module())
    monkeypatch.delitem(sys.modules, "services.triton.models.onnx_model", raising=False)
    module = importlib.import_module("services.triton.models.onnx_model")
    monkeypatch.setattr(module.onnxruntime, "InferenceSession", lambda data, options, providers: session)
    session = Session(most=100)

    def made(inputs=("frames",), most=100, digest=None, kind="CPU", of="", flat=(), **parameters):
        session.most = most
        folder = tmp_path / "1"
        folder.mkdir(exist_ok=True)
        (folder / "model.onnx").write_bytes(b"net")
        card = {"weights": WEIGHTS, "digest": digest or hashlib.sha256(b"net").hexdigest()}
        shapes = {name: [-1] if name in ("lengths", *flat) else [-1, -1] for name in inputs}
        out = {"name": "out", "shape": [-1, -1]} | ({"of": of} if of else {})
        card |= {"inputs": [{"name": name, "shape": shape} for name, shape in shapes.items()], "outputs": [out]}
        (folder / "model.json").write_text(json.dumps(card))
        model = module.TritonPythonModel()
        args = {
            "model_repository": str(tmp_path),
            "model_version": "1",
            "model_config": json.dumps({"parameters": parameters}),
        }
        model.initialize(args | {"model_instance_kind": kind, "model_instance_device_id": "0"})
        return model, session

    yield made
    sys.modules.pop("services.triton.models.onnx_model", None)


def frames(*levels):
    return Request(frames=np.stack([np.full((2, 2, 3), level, np.uint8) for level in levels]))


def test_requests_are_computed_as_one_and_answered_apart(make):
    model, session = make()
    answers = model.execute([frames(1, 2), frames(3), frames(4, 5, 6)])
    assert [a[:, 0].tolist() for a in answers] == [[1, 2], [3], [4, 5, 6]]
    assert session.sizes == [6]


def test_a_processor_computes_no_more_than_it_is_good_at(make):
    model, session = make()
    (answer,) = model.execute([frames(*range(20))])
    assert answer[:, 0].tolist() == list(range(20))
    assert session.sizes == [8, 8, 4]


def test_what_does_not_fit_together_is_computed_apart_and_the_rest_is_told(make):
    model, session = make(most=2)
    fits, too_large, also_fits = model.execute([frames(1, 2), frames(3, 4, 5), frames(6)])
    assert (fits[:, 0].tolist(), also_fits[:, 0].tolist()) == ([1, 2], [6])
    assert too_large.message.startswith("OUT_OF_MEMORY: ")
    assert session.sizes == [6, 2, 3, 1]


def test_a_caller_pinned_to_other_weights_is_refused_and_its_neighbours_are_not(make):
    model, _ = make()
    stranger = Request("seeded:9", frames=np.zeros((1, 2, 2, 3), np.uint8))
    friend = Request(WEIGHTS, frames=np.full((1, 2, 2, 3), 7, np.uint8))
    refused, answer = model.execute([stranger, friend])
    assert (refused.code, refused.message.split(":")[0]) == (TritonError.INVALID_ARG, "WEIGHTS_DIFFER")
    assert answer.tolist() == [[7.0]]


def test_items_of_several_inputs_of_one_size_are_computed_together(make):
    model, session = make(inputs=("pictures", "sounds"), max_padding_percent={"string_value": "25"})
    asked = [
        Request(pictures=np.full((num, 2), num, np.float32), sounds=np.ones((num, 2), np.float32)) for num in (1, 2)
    ]
    assert [answer.tolist() for answer in model.execute(asked)] == [[[2, 2]], [[3, 3], [3, 3]]]
    assert session.sizes == [3]


def test_sequences_are_padded_to_the_longest_and_cut_again(make):
    model, session = make(inputs=("sequences", "lengths"))
    short = Request(sequences=np.ones((1, 2, 1), np.float32), lengths=np.array([[2]]))
    long = Request(sequences=np.ones((2, 5, 1), np.float32), lengths=np.array([[5], [3]]))
    one, two = model.execute([short, long])
    assert (one.shape, two.shape, session.sizes) == ((1, 2, 1), (2, 5, 1), [3])
    assert (one[0, 0, 0], two[0, 4, 0], two[1, 0, 0]) == (2.0, 5.0, 3.0)


def test_sequences_of_pictures_are_padded_in_time_alone(make):
    model, session = make(inputs=("frames", "lengths"))
    short, long = (
        Request(frames=np.full((1, n, 2, 3, 3), 1, np.uint8), lengths=np.array([[n]], np.int64)) for n in (2, 5)
    )
    one, two = model.execute([short, long])
    assert (one.shape, two.shape, session.sizes) == ((1, 2, 2, 3, 3), (1, 5, 2, 3, 3), [2])
    assert (one.min(), two.min()) == (2.0, 5.0)


def test_what_is_said_of_texts_is_cut_by_their_number_and_not_by_that_of_steps(make):
    model, session = make(inputs=("memory", "lengths", "ids", "state"), of="ids", flat=("lengths",))
    given = {}

    def scores(names, inputs):
        given.update(inputs)
        return [inputs["ids"].sum(axis=2)]

    session.run = scores
    few, many = (
        Request(
            memory=np.ones((1, num_steps, 2), np.float32),
            lengths=np.array([[num_steps]]),
            ids=np.full((1, num_texts, num_ids), num_texts),
            state=np.full((1, 3), num_texts, np.float32),
        )
        for num_steps, num_texts, num_ids in ((9, 2, 7), (4, 5, 3))
    )
    assert [answer.tolist() for answer in model.execute([few, many])] == [[[14, 14]], [[15] * 5]]
    assert given["lengths"].tolist() == [9, 4]
    assert (given["memory"].shape, given["ids"].shape, given["state"].shape) == ((2, 9, 2), (2, 5, 7), (2, 3))


def test_the_id_before_is_one_an_item(make):
    model, session = make(inputs=("memory", "lengths", "ids"), flat=("lengths", "ids"))
    session.run = lambda names, inputs: [inputs["ids"][:, None] + 0 * inputs["memory"][..., 0]]
    requests = [
        Request(memory=np.ones((1, n, 2), np.float32), lengths=np.array([[n]]), ids=np.array([[n]])) for n in (2, 3)
    ]
    assert [answer.tolist() for answer in model.execute(requests)] == [[[2, 2]], [[3, 3, 3]]]


def test_sequences_that_padding_would_make_much_longer_are_computed_apart(make):
    model, session = make(inputs=("sequences", "lengths"), max_padding_percent={"string_value": "25"})
    lengths = [5, 100, 4, 80, 101]
    requests = [Request(sequences=np.ones((1, n, 1), np.float32), lengths=np.array([[n]])) for n in lengths]
    answers = model.execute(requests)
    assert [answer.shape for answer in answers] == [(1, n, 1) for n in lengths]
    assert [answer[0, 0, 0] for answer in answers] == lengths
    assert session.sizes == [2, 2, 1]


def test_a_failure_that_is_none_of_memory_is_told_to_everyone(make, monkeypatch):
    model, session = make()
    monkeypatch.setattr(session, "run", lambda names, inputs: 1 / 0)
    answers = model.execute([frames(1), frames(2)])
    assert [(a.code, a.message) for a in answers] == [(TritonError.INTERNAL, "division by zero")] * 2


def test_a_file_that_the_card_does_not_name_is_not_loaded(make):
    with pytest.raises(RuntimeError, match=r"model\.json says feed"):
        make(digest="feed")


def test_a_gpu_is_not_silently_replaced_by_the_processor(make):
    with pytest.raises(RuntimeError, match="onnxruntime-gpu"):
        make(kind="GPU")
