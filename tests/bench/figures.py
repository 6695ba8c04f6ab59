"""Every figure of docs/accuracy.md, measured anew and put into it: the tables between the two comments.

    python tests/bench/figures.py ../shared/cases --others [--into docs/accuracy.md]

Takes the options of accuracy.py. Without --into the tables are printed as Markdown.
"""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import accuracy
import commit_without_images
import faces
import genres
import motion
import speed

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
RUNS = 9


def main() -> None:
    """Measure, then print or write."""
    parser = accuracy.parser()
    parser.description = __doc__
    parser.add_argument("--into", type=Path, help="a page with the two comments that the tables go between")
    args = parser.parse_args()
    # Speed goes first: it wants a machine that does nothing else.
    costs = [speed.measured(RUNS), commit_without_images.measured(commit_without_images.RUNS)]
    tables = accuracy.measured(args)
    with ProcessPoolExecutor(args.jobs) as pool:
        tables += [*genres.measured(args.cases, pool), *faces.measured(args.cases, pool)]
    tables += [motion.measured(list(motion.SCENES), runs=False), *costs]
    drawn = "\n\n".join(table.markdown() for table in tables)
    if args.into is None:
        print(drawn)
        return
    page = args.into.read_text(encoding="utf-8")
    found = re.search(f"(?s)(?<={BEGIN}\n).*(?={END})", page)
    if found is None:
        raise SystemExit(f"{args.into} has no {BEGIN} and {END}")
    args.into.write_text(page[: found.start()] + f"\n{drawn}\n\n" + page[found.end() :], encoding="utf-8")


if __name__ == "__main__":
    main()
