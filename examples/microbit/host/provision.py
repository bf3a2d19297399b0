"""An image made by `kvs build`, booted by the firmware; what that leaves in flash, read by `kvs inspect`."""

import os
import subprocess
import tempfile

from qemu import FOLDER, SETTINGS, Board

BOOTED = """\
v1, boot 1
  5 as stored, 1 by default
  saved: 1
  name roof, period 30 s
  brightness 20/255
  radio 11.2"""
FOUND = """\
name = "roof"
period = 30
brightness = 20
boots = 3

[radio]
channel = 11
group = 2
"""


def kvs(*words):
    """The output of the command for the host."""
    command = ["cargo", "run", "--quiet", "-p", "kvs-cli", "--", *words]
    # Of the workspace above, for this machine.
    done = subprocess.run(command, cwd=FOLDER.parent.parent, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"error: kvs {' '.join(words)} ended with {done.returncode}")
    return done.stdout


def main():
    lock = str(FOLDER / "v1.lock")
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "unit.bin")
        layout = ["--sector-size", "1k", "--write-size", "4", "--length", str(len(SETTINGS))]
        settings = str(FOLDER / "provision.toml")
        kvs("build", "--schema", lock, settings, "-o", image, *layout)
        with open(image, "rb") as file:
            pages = file.read()
        with Board("v1", [], pages) as board:
            lines = board.run_until("waiting")
            print(*lines, sep="\n")
            pages = board.take_pages()
        with open(image, "wb") as file:
            file.write(pages)
        kvs("check", "--schema", lock, "--strict", image)
        found = kvs("inspect", "--schema", lock, "--toml", image)
    if "\n".join(lines[:6]) != BOOTED:
        print(f"error: the first boot is not as expected:\n{BOOTED}")
        return 1
    if found != FOUND:
        print(f"error: found in flash:\n{found}\nexpected:\n{FOUND}")
        return 1
    print("booted with what was built, and read back")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
