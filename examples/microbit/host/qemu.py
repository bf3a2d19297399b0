"""QEMU's micro:bit."""

import os
import select
import socket
import subprocess
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
IMAGES = FOLDER / "target/thumbv6m-none-eabi/release"
# As in src/flash.rs.
SETTINGS = range(0x1F000, 0x20000)
# What no run but one may have.
FAULTS = ["lost", "wrong", "half", "refused"]
# Nothing here takes a tenth of it.
PATIENCE = 300


def command(firmware, words):
    """QEMU, with `words` for the firmware's command line."""
    arguments = "".join(f",arg={word}" for word in [firmware, *words])
    return [
        "qemu-system-arm", "-M", "microbit", "-nographic", "-monitor", "none", "-serial", "none",
        "-semihosting-config", f"enable=on,target=native{arguments}",
        "-kernel", str(IMAGES / firmware),
    ]  # fmt: skip


def figures(firmware, words):
    """Runs a firmware to its end, the same each time: 64 ns an instruction, whatever the host does. Returns the figures in
    its last line."""
    same = ["-icount", "shift=6,align=off,sleep=off", "-accel", "tcg,tb-size=16"]
    done = subprocess.run(
        command(firmware, words) + same,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines or "=" not in lines[-1]:
        raise SystemExit(
            f"error: {firmware} {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    pairs = (pair.split("=") for pair in lines[-1].split())
    return {name: int(number) for name, number in pairs}


class Board:
    """One time with the power on. The pages are put in and taken out by the debugger: what QEMU itself loads, it loads anew
    at each reset."""

    def __init__(self, firmware, words, pages):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "gdb")
        debugger = ["-S", "-gdb", f"unix:{path},server=on,wait=off"]
        self.qemu = subprocess.Popen(
            command(firmware, words) + debugger,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.gdb = socket.socket(socket.AF_UNIX)
        self.gdb.settimeout(PATIENCE)
        while True:
            try:
                self.gdb.connect(path)
                break
            except OSError:
                if self.qemu.poll() is not None:
                    raise SystemExit(f"error: QEMU ended with {self.qemu.returncode}")
                time.sleep(0.01)
        for start in range(0, len(SETTINGS), 512):
            part = pages[start : start + 512]
            self.ask(f"M{SETTINGS.start + start:x},{len(part):x}:{part.hex()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.communicate()
        self.gdb.close()
        self.folder.cleanup()

    def run_until(self, last):
        """Lets it run until it prints the line `last`, or ends; returns the lines."""
        self.send("c")
        deadline = time.monotonic() + PATIENCE
        text = b""
        end = f"{last}\n".encode()
        while not text.endswith(end):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.qemu.stdout], [], [], max(left, 0))
            new = os.read(self.qemu.stdout.fileno(), 4096) if ready else b""
            if not new:
                break
            text += new
        return text.decode().splitlines()

    def take_pages(self):
        """Stops it, and returns what is in its pages."""
        self.gdb.sendall(b"\x03")
        self.receive()
        parts = range(SETTINGS.start, SETTINGS.stop, 512)
        return b"".join(bytes.fromhex(self.ask(f"m{part:x},200")) for part in parts)

    def ask(self, packet):
        self.send(packet)
        return self.receive()

    def send(self, packet):
        self.gdb.sendall(f"${packet}#{sum(packet.encode()) % 256:02x}".encode())

    def receive(self):
        """The next packet; acknowledgements are skipped."""
        answer = b""
        while answer.count(b"#") == 0 or len(answer.rpartition(b"#")[2]) < 2:
            new = self.gdb.recv(4096)
            if not new:
                raise SystemExit("error: QEMU has closed the debugger's connection")
            answer += new
        self.gdb.sendall(b"+")
        return answer[answer.index(b"$") + 1 : answer.index(b"#")].decode()
