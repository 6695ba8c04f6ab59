"""The documentation as a site: `python docs/site.py` writes `build/site`, and fails where a link leads nowhere.

By Zensical (MIT, by the makers of Material for MkDocs, in which MkDocs' own upkeep went on): `pip install zensical`.
The pages are files as well, so nothing of a generator stands in them. What lies outside of `docs/` is linked to where
it can be read on the web.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = "https://github.com/maskproof/maskproof"
OUTSIDE = re.compile(r"(\]\()(?:\.\./)+([^)#\s]+)")
"""a link that leaves the folder of the pages"""
COMMENT = re.compile(r"^<!-- run: .* -->\n", re.MULTILINE)
"""what a test of a page expects of its commands"""
CONFIG = """\
[project]
site_name = "maskproof"
site_description = "Blocks AI image edits that changed what their mask protects"
repo_url = "{home}"
docs_dir = "pages"
site_dir = "{site}"
use_directory_urls = false
nav = [
{nav}
]
[project.theme]
font = false
features = ["navigation.sections", "search.highlight", "content.code.copy"]
palette = [
  {{ media = "(prefers-color-scheme: light)", scheme = "default", toggle = {{ icon = "lucide/moon", name = "Dark" }} }},
  {{ media = "(prefers-color-scheme: dark)", scheme = "slate", toggle = {{ icon = "lucide/sun", name = "Light" }} }},
]
"""


def pages(folder: Path) -> None:
    """Copy the pages, their links leading out of the folder to the web."""
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file in folder.rglob("*.md"):
        up = len(file.relative_to(folder).parts) - 1
        text = OUTSIDE.sub(partial(_linked, up), COMMENT.sub("", file.read_text(encoding="utf-8")))
        file.write_text(text, encoding="utf-8")
    (folder / "README.md").rename(folder / "index.md")


def _linked(up: int, found: re.Match[str]) -> str:
    outside = found.group().count("../") > up
    return f"{found[1]}{HOME}/blob/main/{found[2]}" if outside else found.group()


def navigation(index: str) -> str:
    """The sections of the index and the pages that each lists first, as the site's own."""
    sections = ['  { "maskproof" = "index.md" },']
    for title, body in re.findall(r"^## (.+)\n\n((?:[-  ].*\n)+)", index, re.MULTILINE):
        listed = dict.fromkeys(re.findall(r"^- .*?\[[^\]]+\]\(([\w/-]+\.md)\)", body, re.MULTILINE))
        names = ", ".join(f'"{page}"' for page in listed)
        if names:
            sections.append(f'  {{ "{title}" = [{names}] }},')
    return "\n".join(sections)


def build(where: Path) -> Path:
    """Write the site below a folder.

    Raises:
        CalledProcessError: a link leads nowhere.
    """
    shutil.rmtree(where, ignore_errors=True)
    pages(where / "pages")
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    config = where / "zensical.toml"
    config.write_text(CONFIG.format(home=HOME, site="site", nav=navigation(index)), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(config)]
    subprocess.run(command, cwd=where, check=True)
    return where / "site"


if __name__ == "__main__":
    print(build(ROOT / "build" / "docs"))
