"""Building the firmware."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent


def need(command, how):
    """Ends the run where a command is missing, and says where it is had."""
    if not shutil.which(command):
        sys.exit(f"{command} is missing: {how}")


def need_targets(targets):
    """The compiler's targets."""
    need("cargo", "see https://rustup.rs")
    for target in targets:
        sysroot = subprocess.run(
            ["rustc", "--print", "target-libdir", "--target", target],
            cwd=HERE,
            text=True,
            capture_output=True,
        )
        if sysroot.returncode or not Path(sysroot.stdout.strip()).is_dir():
            sys.exit(f"the target {target} is missing: rustup target add {target}")


def build(target, profile, bins, features):
    """Builds `bins`; returns where their images are."""
    command = ["cargo", "build", "--message-format=json-render-diagnostics"]
    command += ["--target", target, "--profile", profile]
    command += ["--features", ",".join(features)]
    for name in bins:
        command += ["--bin", name]
    run = subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(run.returncode)
    images = {}
    for line in run.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            images[message["target"]["name"]] = Path(message["executable"])
    return images
