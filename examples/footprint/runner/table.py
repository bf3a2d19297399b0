"""The tables, as text, and in a file between two markers."""

import difflib
import sys
from pathlib import Path

HEAD = [
    "firmware",
    "code over base",
    "and all 8 saved",
    "static RAM",
    "store",
    "buffer",
    "stack",
    "mount + load 8",
    "one save",
    "one get",
    "400 saves: median / mean / worst",
    "words a save",
    "erases",
]
# Bytes of padding by which the same code may differ.
PADDING = 16
BEGIN, END = "<!-- footprint -->", "<!-- /footprint -->"


def number(value):
    return f"{value:,}"


def row(contender, code, figures):
    """One contender's; what there is not to know is a dash."""
    cells = [contender.label] + [number(code[name]) if name in code else "-" for name in ("plain", "all", "ram")]
    if figures:
        cells += [number(figures[name]) for name in ("store", "buffer", "stack", "load", "save", "get")]
        # What `base` does 400 times are no saves.
        if contender.feature:
            cells += [churn(figures), f"{figures['words']:.1f}", number(figures["erases"])]
    return cells + ["-"] * (len(HEAD) - len(cells))


def churn(figures):
    text = " / ".join(number(figures[name]) for name in ("median", "mean", "worst"))
    if figures["saves"] < 400:
        text += f"; fails at the {figures['saves'] + 1}th"
    if not figures["last"]:
        text += ", which loses the setting"
    if not figures["right"]:
        text += "; loads wrong values"
    return text


def table(rows):
    """Lines of markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---" + "|--:" * (len(HEAD) - 1) + "|"]
    return lines + ["| " + " | ".join(cells) + " |" for cells in rows]


def between(file):
    """The file's text before, between and behind the markers."""
    text = Path(file).read_text()
    if BEGIN not in text or END not in text:
        sys.exit(f"{file} has no {BEGIN} .. {END}")
    before, rest = text.split(BEGIN, 1)
    block, behind = rest.split(END, 1)
    return before, block.strip().splitlines(), behind


def same(stands, printed):
    """Whether two lines say the same. The compiler orders functions by names that hold a hash of the checkout's path,
    and what it pads between them depends on the order: code may differ by a few bytes."""
    ours, theirs = ([cell.strip() for cell in line.split("|")] for line in (stands, printed))
    if len(ours) != len(theirs):
        return False
    code = {1 + HEAD.index(name) for name in HEAD[1:3]}
    return all(a == b or at in code and near(a, b) for at, (a, b) in enumerate(zip(ours, theirs)))


def near(a, b):
    try:
        return abs(int(a.replace(",", "")) - int(b.replace(",", ""))) <= PADDING
    except ValueError:
        return False


def check(file, printed, some):
    """Ends the run where the file has not what was printed; of `some` rows, where it has not those."""
    _, block, _ = between(file)
    # What stands already, where it says the same: then only what does not is shown.
    printed = [next((line for line in block if same(line, new)), new) for new in printed]
    if some:
        wrong = [line for line in printed if line and line not in block]
    else:
        wrong = list(difflib.unified_diff(block, printed, file, "printed", lineterm=""))
    if wrong:
        print(f"\n{file} is not what was printed:\n" + "\n".join(wrong), file=sys.stderr)
        sys.exit(1)


def write(file, printed):
    """Puts what was printed into the file."""
    before, _, behind = between(file)
    block = "\n\n".join([BEGIN, "\n".join(printed), END])
    Path(file).write_text(before + block + behind)
