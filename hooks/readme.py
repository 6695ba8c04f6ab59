"""Makes the README's links whole for the package index, which shows it without the files beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"(!\[[^\]]*\]\()(?!\w+:|#)")
LINK = re.compile(r"((?<!!)\[[^\]]*\]\()(?!\w+:|#)")
"""a link that begins with neither a scheme nor an anchor"""


class ReadmeHook(MetadataHookInterface):
    """Asked for the members of pyproject.toml that are `dynamic`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the README, its links leading to the repository."""
        home = self.config["home"]
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = PICTURE.sub(rf"\g<1>{home.replace('github.com', 'raw.githubusercontent.com')}/main/", text)
        text = LINK.sub(rf"\g<1>{home}/blob/main/", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
