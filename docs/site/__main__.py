"""Builds the documentation site.

    python -m docs.site                    into build/site: open build/site/index.html, search works without a server
    python -m docs.site --pages FOLDER     writes the pages' sources alone, without Sphinx
    python -m docs.site --quick            runs no programs and draws no pictures
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from docs.site.documents import ROOT, write_documents
from docs.site.reference import write_reference


def write_pages(out: Path, *, quick: bool = False) -> None:
    """The sources of all pages, anew."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    write_documents(out, run=not quick)
    write_reference(out / "reference", draw=not quick)


def main() -> int:
    """The command.  Warnings of Sphinx are errors: it goes on, lists them all, and gives 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="where the site goes (%(default)s)")
    parser.add_argument("--pages", type=Path, help="where the sources of the pages go; then no site is built")
    parser.add_argument("--quick", action="store_true", help="no programs are run, no pictures drawn")
    asked = parser.parse_args()
    pages = asked.pages or asked.out.with_name(asked.out.name + "-pages")
    write_pages(pages, quick=asked.quick)
    if asked.pages:
        return 0
    from sphinx.cmd.build import main as sphinx  # noqa: PLC0415  not needed for the pages alone

    shutil.rmtree(asked.out, ignore_errors=True)
    trees = asked.out.with_name(asked.out.name + "-trees")
    return sphinx(["-q", "-W", "-c", str(Path(__file__).parent), "-d", str(trees), str(pages), str(asked.out)])


if __name__ == "__main__":
    sys.exit(main())
