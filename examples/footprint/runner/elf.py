"""What is in a linked image: sections and symbols, read from the ELF file itself."""

import shutil
import struct
import subprocess
from collections import namedtuple
from pathlib import Path

Section = namedtuple("Section", "name address offset size")
Symbol = namedtuple("Symbol", "name address size kind")

FUNCTION = 2


class Image:
    """A 32-bit little-endian ELF file."""

    def __init__(self, path):
        self.data = Path(path).read_bytes()
        if self.data[:6] != b"\x7fELF\x01\x01":
            raise ValueError(f"{path}: not a 32-bit little-endian ELF file")
        (table,) = struct.unpack_from("<I", self.data, 0x20)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x2E)
        headers = [struct.unpack_from("<10I", self.data, table + size * i) for i in range(count)]
        texts = headers[names][4]
        self.sections = [Section(self._text(texts + h[0]), h[3], h[4], h[5]) for h in headers]
        self.symbols = []
        for header in headers:
            if header[1] == 2:  # SHT_SYMTAB
                self._read_symbols(header, headers[header[6]][4])

    def _text(self, at):
        return self.data[at : self.data.index(0, at)].decode()

    def _read_symbols(self, header, texts):
        for at in range(header[4], header[4] + header[5], 16):
            name, value, size, info, _, section = struct.unpack_from("<IIIBBH", self.data, at)
            kind = info & 0xF
            if section and name:
                # Bit 0 of a function's address says that it is Thumb code.
                address = value & ~1 if kind == FUNCTION else value
                self.symbols.append(Symbol(self._text(texts + name), address, size, kind))

    def size(self, *names):
        """Bytes in the sections of these names."""
        return sum(section.size for section in self.sections if section.name in names)

    def functions(self):
        """The functions by address; of those that share one, the first."""
        found = {}
        for symbol in self.symbols:
            if symbol.kind == FUNCTION:
                found.setdefault(symbol.address, symbol)
        return [found[address] for address in sorted(found)]

    def code(self, symbol):
        """The bytes of a function."""
        for section in self.sections:
            if section.address <= symbol.address < section.address + section.size:
                at = section.offset + symbol.address - section.address
                return self.data[at : at + symbol.size]
        return b""


def readable(names):
    """Demangled, where binutils' or LLVM's demangler is at hand; else as they are."""
    for tool in ("c++filt", "llvm-cxxfilt"):
        if shutil.which(tool):
            run = subprocess.run([tool], input="\n".join(names), text=True, capture_output=True)
            return run.stdout.split("\n")[: len(names)]
    return list(names)
