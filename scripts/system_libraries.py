"""Finds the shared libraries that pip cannot bring, and as root installs what is missing with apt.

Needs nothing but the standard library: it runs before anything is installed.
"""

import ctypes
import os
import shutil
import subprocess
import sys

# What MediaPipe loads -> the Debian package that brings it. OpenCV is the headless one, which needs none.
NEEDED = {"libEGL.so.1": "libegl1", "libGLESv2.so.2": "libgles2"}


def missing() -> list[str]:
    packages = []
    for library, package in NEEDED.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            packages.append(package)
    return packages


def main() -> int:
    packages = missing()
    if not packages:
        return 0
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.stderr.write(f"missing system libraries: ask an administrator to run: {' '.join(command)}\n")
        return 1
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environment)
    subprocess.run(command, check=True, env=environment)
    still = missing()
    if still:
        sys.stderr.write(f"{', '.join(still)} were installed and still do not load\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
