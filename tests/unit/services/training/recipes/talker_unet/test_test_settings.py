"""A test of a head is told of the networks that judge its faces."""

from services.base.stage.fields import fields_of
from services.training.recipes.talker_unet.test_settings import HeadTestSettings


def test_no_network_judges_unless_its_file_is_named():
    names = {field.name: field.default for field in fields_of(HeadTestSettings)}
    assert names["landmark_model"] == names["inception_model"] == ""
    assert {"data_root", "checkpoint", "whole"} <= set(names)
