"""Documents as pages: their links lead to pages, each is reached from the first, and what programs print stands below them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.site.documents import documents, place_of, title_of, write_documents
from docs.site.programs import outputs, programs, with_outputs

TREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of all pages that are documents, no program run."""
    out = tmp_path_factory.mktemp("pages")
    write_documents(out, run=False)
    return out


def test_links_lead_to_pages(pages: Path) -> None:
    for document in documents():
        page = pages / place_of(document)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"(?ms)^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"))):
            if not target.startswith(("http", "reference/")):
                assert (page.parent / target).is_file(), (page, target)


def test_each_page_is_reached(pages: Path) -> None:
    reached, waiting = set(), [pages / "index.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for tree in TREE.findall(page.read_text(encoding="utf-8")):
            for line in tree.splitlines():
                if line and not line.startswith((":", "reference/")):
                    named = page.parent / f"{line}.md"
                    found = [named.resolve()] if "*" not in line else list(page.parent.glob(named.name))
                    assert found and all(path.is_file() for path in found), (page, line)
                    waiting += [path for path in found if path not in reached]
    assert reached == {pages / place_of(document) for document in documents()}


def test_titles() -> None:
    assert all(title_of(document) and not title_of(document).startswith("#") for document in documents())


def test_what_a_program_prints_stands_below_it(tmp_path: Path) -> None:
    first = "```python\nprint(1 + 1)\nopen('x', 'w').close()\n```\n"
    text = f"# A\n\n{first}\nwords\n\n- in a list:\n\n  ```python\n  print(open('x').name)\n  ```\n"
    document = tmp_path / "a.md"
    document.write_text(text, encoding="utf-8")
    assert len(programs(text)) == 2
    shown = with_outputs(text, outputs(document))
    assert "```\n\n```{code-block} text\n:class: output\n\n2\n```\n" in shown
    assert "\n  ```{code-block} text\n  :class: output\n\n  x\n  ```\n" in shown
    document.write_text("```python\nraise ValueError('of the program')\n```\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"a\.md: a program fails\n(.|\n)*of the program"):
        outputs(document)
