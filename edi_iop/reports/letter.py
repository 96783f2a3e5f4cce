"""A letter to a payer as DOCX: a template with named fields, filled in.

The template holds fields and loops alone; what runs in it is sandboxed, its values are
escaped, and a field that nobody fills is an error.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from edi_iop.errors import BadMap

_MACROS = "vbaProject"


def to_docx(template: Path, fields: Mapping[str, Any], made: datetime) -> bytes:
    """The letter; BadMap where the template cannot be read, asks for an unknown field or holds macros."""
    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    try:
        letter = DocxTemplate(template)
        letter.render(dict(fields), environment, autoescape=True)
    except (TemplateError, BadZipFile, KeyError, ValueError, SyntaxError, OSError) as problem:
        raise BadMap(
            f"{template}: {problem}; correct the template, or remove it to use the one that ships"
        ) from problem
    if any(_MACROS in str(part.partname) for part in letter.docx.part.package.iter_parts()):
        raise BadMap(f"{template}: holds macros; save it as a document without them")
    about = letter.docx.core_properties
    about.author, about.last_modified_by = "", ""
    about.created = about.modified = made
    content = io.BytesIO()
    letter.save(content)
    return content.getvalue()
