import pytest

from orchestrator.pipelines.sign.images import image_lacks

KEYPOINTS = {"decode": {}, "keypoints": {}}


@pytest.mark.parametrize(
    ("features", "held", "flag"),
    [
        ({"backend": "torch"}, {"onnxruntime"}, "--features-backend torch"),
        ({"backend": "onnxruntime", "weights": ""}, {"onnxruntime"}, "--iv3-weights"),
        ({"backend": "onnxruntime", "weights": "/models/net.onnx"}, {"onnxruntime"}, ""),
        ({"backend": "torch"}, {"onnxruntime", "torch"}, ""),
        ({"backend": "triton", "triton": "t:8001"}, set(), ""),
        (None, set(), ""),
    ],
)
def test_features_say_which_flag_the_image_cannot_serve(features, held, flag):
    settings = KEYPOINTS if features is None else {**KEYPOINTS, "features": features}
    lacks = image_lacks(settings, held)
    assert (flag in lacks) if flag else lacks == ""
