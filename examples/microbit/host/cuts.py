"""Power cuts: at arbitrary instructions, and in the middle of flash operations. What was acknowledged must be there."""

import argparse
from concurrent.futures import ThreadPoolExecutor

from qemu import FAULTS, figures

MODES = ["instructions", "operations"]


def parse():
    parser = argparse.ArgumentParser(prog="run cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=500, help="of each kind; 500")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same run; 1")
    parser.add_argument(
        "--negative",
        action="store_true",
        help="a store that erases and rewrites its pages in place: this must be found out",
    )
    return parser.parse_args()


def runs(options):
    """Both kinds, side by side."""
    words = [f"seed={options.seed}", f"cuts={options.cuts}"]
    words += ["in-place"] if options.negative else []
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda mode: figures("cuts", [mode, *words]), MODES))


def main():
    options = parse()
    print(f"seed {options.seed}", flush=True)
    found = runs(options)
    instructions, operations = found
    total = {name: sum(run[name] for run in found) for name in [*FAULTS, "saves"]}
    print(
        f"{instructions['cuts']} cuts at instructions, {operations['cuts']} at flash operations: "
        f"{total['lost']} lost, {total['wrong']} wrong, {total['half']} half, {total['saves']} saves"
    )
    print(f"torn: {operations['torn_words']} words, {operations['torn_erases']} erases", flush=True)
    if not options.negative:
        # What the counter has advanced by without an acknowledgement.
        whole = sum(run["advanced"] - run["saves"] for run in found)
        print(f"saves under way when the power failed, and found: {whole}", flush=True)
    if total["refused"]:
        print(f"error: {total['refused']} saves were refused")
    if runs(options) != found:
        print("error: the same seed gave another run")
        return 1
    print("the same again with the same seed")
    faults = sum(total[name] for name in FAULTS)
    if options.negative:
        print("caught" if faults else "error: a store that loses values was not caught")
        return 0 if faults else 1
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
