"""The mean colour of each frame, by a model that fails as `faults.json` beside its version folder tells it.

most_items: a larger batch is out of memory. delay_s: of each execution. message: what every request fails with.
hold: a file; while it is there an execution waits.
fail_times: only so many executions fail. num_values: of an answer, the three over and over.
log: a file that gets a line when an execution begins and one when it ends.
"""

import json
import time
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils


def _note(faults, event):
    if "log" in faults:
        with Path(faults["log"]).open("a") as log:
            log.write(f"{event}\n")


class TritonPythonModel:
    def initialize(self, args):
        self._faults = Path(args["model_repository"]) / "faults.json"
        self._num_failed = 0

    def execute(self, requests):
        faults = json.loads(self._faults.read_text()) if self._faults.exists() else {}
        _note(faults, "begins")
        time.sleep(faults.get("delay_s", 0.0))
        while "hold" in faults and Path(faults["hold"]).exists():
            time.sleep(0.01)
        given = [pb_utils.get_input_tensor_by_name(r, "frames").as_numpy() for r in requests]
        answers = [self._answer(frames_NHWC, sum(map(len, given)), faults) for frames_NHWC in given]
        _note(faults, "ends")
        return answers

    def _answer(self, frames_NHWC, num_items, faults):
        if num_items > faults.get("most_items", num_items):
            return self._failed("OUT_OF_MEMORY: the batch does not fit")
        if "message" in faults and self._num_failed < faults.get("fail_times", self._num_failed + 1):
            self._num_failed += 1
            return self._failed(faults["message"])
        features_ND = frames_NHWC.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
        features_ND = np.resize(features_ND.T, (faults.get("num_values", 3), len(features_ND))).T
        return pb_utils.InferenceResponse([pb_utils.Tensor("features", np.ascontiguousarray(features_ND))])

    def _failed(self, message):
        return pb_utils.InferenceResponse([], pb_utils.TritonError(message))
