"""Building the firmware."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent

TARGETS = ["thumbv6m-none-eabi", "thumbv7em-none-eabi"]
OPTS = ["z", "s"]


def add_filters(parser):
    """The options for one target and one opt-level."""
    parser.add_argument("--target", choices=["thumbv6m", "thumbv7em"], help="one of the two")
    parser.add_argument("--opt", choices=OPTS, help="one of the two opt-levels")


def filtered(options):
    """The targets and opt-levels that are asked for, and there."""
    targets = [target for target in TARGETS if target.startswith(options.target or "")]
    need("cargo", "see https://rustup.rs")
    for target in targets:
        command = ["rustc", "--print", "target-libdir", "--target", target]
        folder = subprocess.run(command, cwd=HERE, text=True, stdout=subprocess.PIPE).stdout.strip()
        if not Path(folder).is_dir():
            sys.exit(f"the target {target} is missing: rustup target add {target}")
    return targets, [options.opt] if options.opt else OPTS


def need(command, how):
    """Ends the run where a command is missing, and says where it is to be had."""
    if not shutil.which(command):
        sys.exit(f"{command} is missing: {how}")


def compiler():
    """Which it is: other compilers make other code."""
    return " ".join(subprocess.run(["rustc", "--version"], cwd=HERE, text=True, stdout=subprocess.PIPE).stdout.split()[:2])


def build(target, opt, bins, features):
    """Builds `bins`; returns where their images are. The next build may put others in their place."""
    command = ["cargo", "build", "--release", "--message-format=json-render-diagnostics"]
    command += ["--target", target, "--features", ",".join(features)]
    for name in bins:
        command += ["--bin", name]
    # Not a profile each: then the macros and build scripts would be built twice, too.
    environment = {**os.environ, "CARGO_PROFILE_RELEASE_OPT_LEVEL": opt}
    run = subprocess.run(command, cwd=HERE, env=environment, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(run.returncode)
    messages = (json.loads(line) for line in run.stdout.splitlines())
    return {m["target"]["name"]: Path(m["executable"]) for m in messages if m.get("executable")}
