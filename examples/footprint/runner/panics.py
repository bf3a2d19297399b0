"""Panics in an image: which there are, and what calls them."""

import re
import shutil
import struct
import subprocess
from collections import Counter

from runner.build import ROOT
from runner.elf import Image, readable

# In the mangled names of all that core has for panicking, and of the handler.
PANIC = re.compile(r"4core.*(panic|_fail)|rust_begin_unwind")
# In paths: where the compiler's, the registry's and the repository's sources are.
PREFIXES = re.compile(rf"^(/rustc/\w+/library/|.*/registry/src/[^/]+/|{re.escape(str(ROOT))}/)")


def calls(code, address):
    """The `bl` instructions, and the `b` of tail calls, in Thumb code: where from, and where to."""
    at = 0
    while at + 4 <= len(code):
        first, second = struct.unpack_from("<HH", code, at)
        if first >> 11 not in (0b11101, 0b11110, 0b11111):
            at += 2
            continue
        if first >> 11 == 0b11110 and second & 0x9000 == 0x9000:
            sign = first >> 10 & 1
            high, low = ((second >> place & 1) ^ sign ^ 1 for place in (13, 11))
            offset = high << 23 | low << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
            yield address + at, address + at + 4 + offset - (sign << 24)
        at += 4


def source(path, address):
    """The lines that an instruction is from, innermost first, where LLVM's symbolizer is at hand."""
    tool = shutil.which("llvm-symbolizer")
    if not tool:
        return ""
    command = [tool, f"--obj={path}", "--inlines", "--output-style=GNU", "--functions=none", hex(address)]
    run = subprocess.run(command, text=True, capture_output=True)
    lines = [PREFIXES.sub("", line.strip()) for line in run.stdout.splitlines()]
    return " < ".join(line for line in lines if line)


def find(path):
    """The functions that panic, and the calls of them from elsewhere, as lines to print; none if there is no panic."""
    image = Image(path)
    functions = image.functions()
    names = {f.address: name for f, name in zip(functions, readable([f.name for f in functions]))}
    panics = [f.address for f in functions if PANIC.search(f.name)]
    callers = {address: Counter() for address in names}
    for function in functions:
        for where, target in calls(image.code(function), function.address):
            if target in callers and function.address not in panics:
                # Of calls that are told apart by nothing but their address, one will do.
                line = source(path, where) if target in panics else ""
                callers[target][function.address, line] += 1
    lines = []
    for panic in panics:
        lines.append(names[panic])
        for (caller, line), count in callers[panic].items():
            lines.append(f"    {names[caller]}" + (f" ({count} times)" if count > 1 else ""))
            lines += [f"        {line}"] if line else []
            if names[caller].startswith(("core", "<core")):
                above = sorted({names[above] for above, _ in callers[caller]})
                lines.append(f"        called by {', '.join(above)}")
    return lines
