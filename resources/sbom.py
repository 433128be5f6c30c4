"""The software that made a month, as a bill of materials (CycloneDX 1.6, JSON) for its evidence.

Here: every package of requirements.lock that is installed, in its installed version, with licence and whether it is the
locked one; Python and this program. Not here: where the file lies (evidence), known weaknesses (`make audit`).
No clock and no random number: the same software gives the same bytes.
"""

from __future__ import annotations

import hashlib
import platform
import re
import uuid
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from resources.settings import CHECKOUT
from supervision.canonical import json_bytes

LOCK = CHECKOUT / "requirements.lock"
PROGRAM = "shuangsuiji"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def sbom_bytes(lock: Path = LOCK) -> bytes:
    """The bill of materials in canonical form (RFC 8785)."""
    pinned = dict(_PIN.findall(lock.read_text("utf-8")))
    components = [made for name, version in sorted(pinned.items()) if (made := _library(name, version)) is not None]
    python = platform.python_version()
    components.append({"type": "platform", "bom-ref": f"python@{python}", "name": "python", "version": python})
    version = metadata.version(PROGRAM)
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"{PROGRAM}@{version}",
                "name": PROGRAM,
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
            },
            "properties": [
                {"name": "ssj:requirements_lock_sha256", "value": hashlib.sha256(lock.read_bytes()).hexdigest()}
            ],
        },
        "components": components,
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(json_bytes(body)).hexdigest())
    return json_bytes({**body, "serialNumber": f"urn:uuid:{serial}"})


def _library(name: str, locked: str) -> dict[str, Any] | None:
    """One package as it is installed; None where this platform needs none."""
    try:
        told = cast(Message, metadata.metadata(name))  # what it is; its own type lacks `get`
    except metadata.PackageNotFoundError:
        return None
    version = told["Version"]
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "properties": [{"name": "ssj:as_locked", "value": str(version == locked).lower()}],
    }
    if licences := _licences(told):
        found["licenses"] = licences
    return found


def _licences(told: Message) -> list[dict[str, Any]]:
    """What the package says of itself: an expression, else the names of its classifiers, else a short text of its own."""
    if expression := told.get("License-Expression"):
        return [{"expression": expression}]
    classes = [c.split(" :: ")[-1] for c in told.get_all("Classifier") or [] if c.startswith("License :: ")]
    own = (told.get("License") or "").strip()
    names = sorted(set(classes)) or ([own] if own and len(own) <= 80 and "\n" not in own else [])
    return [{"license": {"name": name}} for name in names]
