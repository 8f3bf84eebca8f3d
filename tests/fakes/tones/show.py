"""`python -m tones.show FILE -o json --index N`: what one file of the output holds."""

from __future__ import annotations

import json
import sys

import numpy as np

if __name__ == "__main__":
    with np.load(sys.argv[1]) as found:
        sys.stdout.write(json.dumps({name: len(found[name]) for name in found}) + "\n")
