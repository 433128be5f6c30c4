"""Where the templates of documents lie and how they are filled: strictly, escaped, never from what a template brings.

Here: one environment for Word and for web pages. Not here: writing files (docx, html), words of any document.
"""

from __future__ import annotations

from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).with_name("templates")


class TemplateError(ValueError):
    """A template is missing or asks for what the document does not have: one Chinese sentence."""


def environment() -> jinja2.Environment:
    """Escaping on; a name that the context lacks is an error, not a blank."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def refused(name: str, error: Exception) -> TemplateError:
    """The sentence for a template that could not be filled."""
    return TemplateError(f"模板 {name} 无法填写（{error}），请核对模板中的栏目名，或从版本库恢复原模板。")
