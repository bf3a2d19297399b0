"""Power that fails too often: does the counter advance all the same?"""

from qemu import FAULTS, figures

# What must do, of the longest commit's instructions.
ENOUGH = 0.5


def attempt(interval):
    run = figures("cuts", ["progress", f"interval={interval}"])
    if any(run[name] for name in FAULTS):
        raise SystemExit(f"error: values were lost with {interval:,}: {run}")
    return run, not run["stuck"]


def show(interval, longest):
    run, advances = attempt(interval)
    counts = f"{run['advanced']} commits in {run['cuts']} boots, {run['erases']} erases"
    print(
        f"{interval:>11,} ({interval / longest:4.0%}): {counts}{'' if advances else '; then none'}",
        flush=True,
    )


def main():
    measured = figures("cuts", ["measure"])
    shortest, longest = measured["shortest_mount"], measured["longest_mount"]
    print(f"mount: {shortest:,} to {longest:,} instructions; load: {measured['longest_load']:,}")
    usual, longest = measured["usual_commit"], measured["longest_commit"]
    print(f"a commit: {usual:,} usually, {longest:,} at the longest", flush=True)

    print("power for so many instructions behind mount and load (of the longest commit):")
    for part in [1.0, 0.75, 0.5, 0.25]:
        show(int(part * longest), longest)

    stuck, advances = usual // 2, int(ENOUGH * longest)
    if not attempt(advances)[1]:
        print(f"error: with {advances:,} it does not advance")
        return 1
    while advances - stuck > longest // 50:
        middle = (stuck + advances) // 2
        if attempt(middle)[1]:
            advances = middle
        else:
            stuck = middle
    print("the shortest with which it advances:")
    show(advances, longest)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
