"""Word documents from templates that an office can edit (docxtpl).

Here: filling one template, fixing its bytes, writing it. Not here: what a document says (one module each beside this one),
passes of docxtpl done otherwise (docx_template).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from resources.lake import sha256_file, write_atomically
from resources.outbox.cells import writable
from resources.outbox.ooxml import normalise_ooxml
from resources.outbox.templating import TEMPLATES, environment, refused


def write_docx(
    path: Path,
    template: str,
    context: Mapping[str, Any],
    *,
    title: str,
    finish: Callable[[Any], None] | None = None,
) -> str:
    """Fill `templates/<template>.docx` into `path`, atomically; returns the file's SHA-256.

    `title` becomes the document's title; `finish` may still change the filled document (python-docx). The same input
    gives the same bytes. Errors: TemplateError when the template is missing or asks for what `context` does not have;
    nothing is written then.
    """
    from resources.outbox.docx_template import Template  # docxtpl: 0.3 s, and only some documents need it

    source = TEMPLATES / f"{template}.docx"

    def write(temporary: Path) -> None:
        try:
            document = Template(source)
            document.render(writable(context), environment(), autoescape=True)
        except (jinja2.TemplateError, OSError) as error:
            raise refused(source.name, error) from error
        if finish:
            finish(document.docx)
        document.docx.core_properties.title = title
        document.save(temporary)
        normalise_ooxml(temporary)

    write_atomically(path, write)
    return sha256_file(path)
