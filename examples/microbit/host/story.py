"""Two firmwares, one flash: an update, a rollback, and the update for good. Checked line by line."""

from itertools import zip_longest

from qemu import FOLDER, SETTINGS, Board

STEPS = [
    ("v1, on a new chip", "v1", []),
    ("updated to v2, not confirmed", "v2", []),
    ("rolled back to v1", "v1", []),
    ("updated to v2 again, and confirmed", "v2", ["confirm"]),
]


def main():
    expected = (FOLDER / "host/story.txt").read_text().splitlines()
    found = []
    pages = b"\xff" * len(SETTINGS)
    for title, firmware, words in STEPS:
        with Board(firmware, words, pages) as board:
            lines = [f"== {title}", *board.run_until("waiting"), ""]
            print(*lines, sep="\n", flush=True)
            found += lines
            if "waiting" not in lines:
                break
            pages = board.take_pages()
    for number, (want, got) in enumerate(zip_longest(expected, found), 1):
        if want != got:
            print(f"error: line {number} is not as in host/story.txt")
            print(f"expected: {want}\nfound:    {got}")
            return 1
    print("as in host/story.txt")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
