"""`python -m services.features.tts.checking --config JSON`: whether model files are those of the networks.

Prints a JSON object: `num_text_tokens` of the checkpoint, or null.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Any

from services.base.errors import EXIT_OK, VisemillError
from services.base.stage.config import config_from_mapping, json_object
from services.features.tts.model_places import usual_files
from services.features.tts.models import model_files
from services.features.tts.opening import check_files
from services.features.tts.spec import SpeechConfig


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: services/base/errors.py; what is wrong is a line of JSON on standard error."""
    parser = argparse.ArgumentParser(prog="python -m services.features.tts.checking", description=__doc__)
    parser.add_argument("--config", default="{}", help="JSON object: settings of the stage speech")
    flags = parser.parse_args(argv)
    try:
        config: SpeechConfig = config_from_mapping(SpeechConfig, json_object(flags.config, "--config"))
        places: dict[str, Any] = dict(usual_files(config))
        num_text_tokens = check_files(model_files(dataclasses.replace(config, **places)))
        sys.stdout.write(json.dumps({"num_text_tokens": num_text_tokens}) + "\n")
    except VisemillError as error:
        sys.stderr.write(json.dumps(error.fields()) + "\n")
        return error.exit_code
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
