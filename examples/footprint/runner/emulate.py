"""Running a firmware in QEMU, and what it reports."""

import statistics
import struct
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

# QEMU's name of it, where its settings are, and the nanoseconds of a tick of its processor's clock.
Machine = namedtuple("Machine", "name settings tick")
MACHINES = {
    "thumbv6m-none-eabi": Machine("microbit", 0x1E000, 62.5),
    "thumbv7em-none-eabi": Machine("mps2-an386", 0x100000, 40),
}
# `-icount shift=6`: nanoseconds of an instruction.
INSTRUCTION = 64
# The report, as in `src/bench.rs`; the ticks of each save follow.
NAMES = "empty known load save get stack store buffer words erases saves right last".split()
TOO_LONG = 0xFFFFFFFF


def emulate(target, image, seed=None):
    """Runs `image` on the partition `seed`; returns its report, and the partition if it hands one over."""
    machine = MACHINES[target]
    with tempfile.TemporaryDirectory() as folder:
        command = ["qemu-system-arm", "-M", machine.name, "-nographic", "-monitor", "none"]
        command += ["-serial", "none", "-semihosting-config", "enable=on,target=native"]
        command += ["-icount", f"shift={INSTRUCTION.bit_length() - 1},align=off,sleep=off", "-kernel", str(image)]
        if seed:
            file = Path(folder, "flash.bin")
            file.write_bytes(seed)
            command += ["-device", f"loader,file={file},addr={machine.settings},force-raw=on"]
        try:
            subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, timeout=60)
        except subprocess.TimeoutExpired:
            sys.exit(f"{image}: has not ended within a minute")
        report, seeded = Path(folder, "report.bin"), Path(folder, "seed.bin")
        if not report.exists():
            sys.exit(f"{image}: has not reported")
        return report.read_bytes(), seeded.read_bytes() if seeded.exists() else None


def measure(target, image, seed):
    """Runs `image` twice, which has to give the same; returns the figures by name."""
    report, _ = emulate(target, image, seed)
    again, _ = emulate(target, image, seed)
    if report != again:
        sys.exit(f"{image}: two runs differ")
    ticks = struct.unpack(f"<{len(report) // 4}I", report)
    figures = dict(zip(NAMES, ticks))
    churn = ticks[len(NAMES) :][: figures["saves"]]
    if TOO_LONG in (figures["load"], figures["save"], figures["get"], *churn):
        sys.exit(f"{image}: a stretch was too long for the clock")

    def instructions(ticks):
        return round((ticks - figures["empty"]) * MACHINES[target].tick / INSTRUCTION)

    # The loop, and the odd instruction around it.
    if not 3000 <= instructions(figures["known"]) <= 3004:
        sys.exit(f"{image}: of 3000 instructions {instructions(figures['known'])} are counted")
    for name in ("load", "save", "get"):
        figures[name] = instructions(figures[name])
    churn = [instructions(ticks) for ticks in churn]
    figures["median"] = round(statistics.median(churn))
    figures["mean"] = round(statistics.mean(churn))
    figures["worst"] = max(churn)
    figures["words"] /= len(churn)
    return figures
