"""The table, as text."""

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


def number(value):
    return f"{value:,}"


def row(label, code, figures):
    """One contender's."""
    cells = [label, number(code["plain"]), number(code["all"]) if "all" in code else "-", number(code["ram"])]
    if not figures:
        return cells + ["-"] * (len(HEAD) - len(cells))
    cells += [number(figures[name]) for name in ("store", "buffer", "stack", "load", "save", "get")]
    if label == "base":
        # Erases, in place of saves.
        return cells + ["-", "-", "-"]
    churn = " / ".join(number(figures[name]) for name in ("median", "mean", "worst"))
    if figures["saves"] < 400:
        churn += f"; fails at the {figures['saves'] + 1}th"
    if not figures["last"]:
        churn += ", which loses the setting"
    if not figures["right"]:
        churn += "; wrong values"
    return cells + [churn, f"{figures['words']:.1f}", number(figures["erases"])]


def table(rows):
    """Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---" + "|--:" * (len(HEAD) - 1) + "|"]
    return lines + ["| " + " | ".join(cells) + " |" for cells in rows]
