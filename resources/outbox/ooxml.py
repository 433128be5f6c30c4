"""Same bytes for every xlsx and docx: member order, dates and core properties fixed (DESIGN §3).

Here: normalising a written file. Not here: writing it.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FIRST = ("[Content_Types].xml", "_rels/.rels")
_CORE = "docProps/core.xml"
_STAMP = b"2000-01-01T00:00:00Z"


def normalise_ooxml(path: Path) -> None:
    """Rewrite an xlsx or docx in place: members in fixed order, dated 1980, core properties without time and person.

    The same content gives the same bytes with the same zlib. The file must not be in use.
    """
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    order = sorted(members, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in order:
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            info.external_attr = 0
            archive.writestr(info, _fixed_core(members[name]) if name == _CORE else members[name])


def _fixed_core(xml: bytes) -> bytes:
    """core.xml with fixed times and no author; title and subject stay."""
    xml = re.sub(rb"(<dcterms:(created|modified)\b[^>]*>)[^<]*(</dcterms:\2>)", rb"\g<1>" + _STAMP + rb"\g<3>", xml)
    return re.sub(rb"(<(dc:creator|cp:lastModifiedBy)\b[^>]*>)[^<]*(</\2>)", rb"\g<1>\g<3>", xml)
