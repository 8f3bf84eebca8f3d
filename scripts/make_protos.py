"""Generates the stubs beside the .proto files. Run by the interpreter of an environment that has grpcio-tools."""

import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
ROOT = Path(__file__).resolve().parents[1] / "protos"


def main(out: str) -> int:
    """out: where to write; the tree below it is that of protos/."""
    sources = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("visemill/v1/*.proto"))
    flags = [f"-I{ROOT}", f"-I{WELL_KNOWN}", f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}"]
    return int(protoc.main(["protoc", *flags, *sources]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT)))
