"""Web pages in one file: no network, no script, readable on a phone, printable on A4.

Here: filling one template and writing it. Not here: what a page says (one module each beside this one), its look
(templates/base.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from resources.lake import write_bytes
from resources.outbox.templating import environment, refused


def write_html(path: Path, template: str, context: Mapping[str, Any]) -> str:
    """Fill `templates/<template>.html` into `path`, atomically; returns the file's SHA-256.

    Everything from `context` is escaped. Errors: TemplateError; nothing is written then.
    """
    try:
        page = environment().get_template(f"{template}.html").render(dict(context))
    except jinja2.TemplateError as error:
        raise refused(f"{template}.html", error) from error
    return write_bytes(path, page.encode())
