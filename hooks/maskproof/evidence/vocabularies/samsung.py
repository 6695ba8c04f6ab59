"""Samsung Galaxy AI: what the gallery's editor leaves behind the picture.

Galaxy phones append a list of named blocks that ends with `SEFT`. The editor's blocks hold JSON in which `genAIType` is
the number of the generative tool, 0 for none. Not documented by Samsung; source: ExifTool `Samsung.pm` for the blocks,
public files for the field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from maskproof.model import Evidence

if TYPE_CHECKING:
    from maskproof.evidence.carriers import Carried

BLOCKS = re.compile(rb"PEg_Info|PhotoEditor_Re_Edit_Data")
TYPE = re.compile(rb'"genAIType"\s{0,4}:\s{0,4}"?(\d{1,6})')
SEARCHED_BYTES = 200_000
"""bytes of a block in which the field is looked for; the longest re-edit data seen has 3 kB"""


def signs(carried: Carried) -> list[Evidence]:
    """The generative tool that the editor recorded."""
    found: list[Evidence] = []
    for block in list(BLOCKS.finditer(carried.trailer))[:8]:
        match = TYPE.search(carried.trailer, block.end(), block.end() + SEARCHED_BYTES)
        if match and int(match.group(1)):
            says = f"{block.group().decode()}: genAIType {int(match.group(1))}"
            found.append(Evidence("Samsung trailer", says, ai=True, edit=True, generator="Samsung Galaxy AI"))
    return list(dict.fromkeys(found))
