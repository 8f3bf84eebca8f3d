"""Which video decoders the media library here has, as a command: a JSON object of name -> whether it is there.

python -m services.containers.codecs NAME...
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from av.codec import Codec
from av.codec.codec import UnknownCodecError


def has_decoder(name: str) -> bool:
    """Whether a video decoder of that name, such as "h264", is built in."""
    try:
        return Codec(name, "r").type == "video"
    except UnknownCodecError:
        return False


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the answer for every name given."""
    names = sys.argv[1:] if argv is None else argv
    sys.stdout.write(json.dumps({name: has_decoder(name) for name in names}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
