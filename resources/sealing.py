"""Keys and secrets of the draw: made once, kept apart from everything else (DRAW.md §3.3, §3.5).

For: the salt key of a year, the secret of a round, its office copy sealed under the passphrases of two roles, and its
second copy in plain text for the discipline inspection. Not for: when the secret may be made or opened
(supervision.round_steps), nor asking people for passphrases (pipelines.cli).
The plain secret is on disk nowhere but in the second copy, until the certificate is made; no message quotes it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from resources.lake import write_bytes
from resources.settings import Home, shown
from supervision.canonical import json_bytes
from supervision.draw.ceremony import sha256_hex

FORMAT = "ssj-secret-v1"
SHORTEST = 12  # characters of a passphrase
COST = 1 << 17  # scrypt's n with r = 8: 128 MB and about half a second for each guess
_MOST = 1 << 20
_HEX64 = re.compile("[0-9a-f]{64}")


class SealingError(Exception):
    """A key or a copy of the secret that cannot be made or opened; one Chinese sentence without the secret."""


def salt_key(home: Home, year: int) -> bytes:
    """The 32 bytes that hide the frame's leaves through a year (DRAW.md §3.5): `keys/salt-<year>.key`, made once.

    Lost, no firm can be shown that it was in the frame; hence never made anew over one that cannot be read.
    """
    path = home.keys / f"salt-{year:04d}.key"
    if not path.exists():
        home.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = home.keys / f".salt-{year:04d}.{os.getpid()}.tmp"
        try:
            _create(fresh, secrets.token_hex(32).encode())
            os.link(fresh, path)  # whoever comes second finds the first one's key
        except FileExistsError:
            pass
        finally:
            fresh.unlink(missing_ok=True)
    text = path.read_text("ascii", errors="replace")
    if not _HEX64.fullmatch(text):
        raise SealingError(f"名录盐钥 {path.name} 已损坏（应为 64 位小写十六进制）：请从备份恢复，不要删除重建")
    return bytes.fromhex(text)


def new_secret() -> str:
    """A fresh secret: 32 random bytes as 64 lower-case hexadecimal characters (DRAW.md §2)."""
    return secrets.token_hex(32)


def check_passphrase(role: str, passphrase: str) -> None:
    """SealingError for one that is too short."""
    if len(_normal(passphrase)) < SHORTEST:
        raise SealingError(f"角色“{role}”的口令太短：至少 {SHORTEST} 个字符，请另设")


def office_path(home: Home, round_id: str) -> Path:
    """Where the office copy of a round's secret lies."""
    return home.keys / f"secret-{round_id}.json"


def seal_office_copy(
    home: Home, round_id: str, secret: str, passphrases: Mapping[str, str], *, cost: int = COST
) -> Path:
    """Write the office copy, sealed under each role's passphrase in turn: all of them are needed, in any order.

    passphrases: role -> passphrase, of two roles that differ. One that a commitment does not yet rest on is replaced.
    """
    if len(passphrases) != 2:
        raise SealingError("机关密值须由两个不同角色的口令共同封存")
    phrases = [_normal(each) for each in passphrases.values()]
    for role, phrase in passphrases.items():
        check_passphrase(role, phrase)
    if phrases[0] == phrases[1]:
        raise SealingError("两个角色的口令相同，等于一人可以开启：请各自另设")
    digest = sha256_hex(secret)
    layers: list[dict[str, Any]] = []
    sealed = secret.encode()
    for role, phrase in zip(passphrases, phrases, strict=True):
        layer: dict[str, Any] = {
            "role": role,
            "n": cost,
            "r": 8,
            "p": 1,
            "salt": secrets.token_hex(16),
            "nonce": secrets.token_hex(12),
        }
        sealed = _cipher(layer, phrase).encrypt(bytes.fromhex(layer["nonce"]), sealed, _bound(round_id, digest, layer))
        layers.append(layer)
    document = {
        "format": FORMAT,
        "round_id": round_id,
        "secret_sha256": digest,
        "kdf": "scrypt",
        "cipher": "ChaCha20-Poly1305",
        "layers": layers,
        "sealed": sealed.hex(),
    }
    path = office_path(home, round_id)
    write_bytes(path, json_bytes(document))
    return path


def office_roles(home: Home, round_id: str) -> tuple[str, ...]:
    """The roles whose passphrases open the office copy."""
    return tuple(layer["role"] for layer in _document(home, round_id)["layers"])


def open_office_copy(home: Home, round_id: str, passphrases: Mapping[str, str]) -> str:
    """The secret; SealingError says whose passphrase is missing or wrong, or that the file was damaged."""
    document = _document(home, round_id)
    data = bytes.fromhex(document["sealed"])
    for layer in reversed(document["layers"]):
        role = layer["role"]
        if role not in passphrases:
            raise SealingError(f"批次 {round_id} 的机关密值由角色“{role}”参与封存，须由其到场输入口令")
        cipher = _cipher(layer, _normal(passphrases[role]))
        try:
            data = cipher.decrypt(
                bytes.fromhex(layer["nonce"]), data, _bound(round_id, document["secret_sha256"], layer)
            )
        except InvalidTag:
            raise SealingError(
                f"角色“{role}”的口令不对（或封存文件被改动），机关密值未能开启：请重新输入，或改用纪检保管的第二份"
            ) from None
    return data.decode("ascii")


def check_second_copy_place(home: Home, path: Path) -> None:
    """SealingError unless a second copy can be written there: outside the data folder, a name not yet taken."""
    place = path.resolve()
    if place.is_relative_to(home.root):
        raise SealingError(f"第二份密值不得写在数据目录 {shown(home.root)} 之内：请写到纪检自备的移动介质上")
    if place.exists():
        raise SealingError(f"第二份密值的文件 {path} 已存在，不覆盖：请另给文件名，或核对后先行移走")
    if not place.parent.is_dir():
        raise SealingError(f"第二份密值的文件夹 {path.parent} 不存在：请先插好纪检的移动介质并核对路径")


def write_second_copy(home: Home, path: Path, secret: str) -> None:
    """The 64 characters and nothing else, so that `sha256sum` of the file is the digest on the sheet; mode 0600."""
    check_second_copy_place(home, path)
    _create(path, secret.encode())


def read_second_copy(path: Path) -> str:
    """The secret from the discipline inspection's copy; blanks and line ends around it are overlooked."""
    try:
        data = path.read_bytes()[:1000]
    except OSError as error:
        raise SealingError(f"第二份密值的文件 {path} 无法读取（{error.strerror}）：请核对路径") from error
    text = data.decode("ascii", errors="replace").strip()
    if not _HEX64.fullmatch(text):
        raise SealingError(f"第二份密值的文件 {path} 不是 64 位小写十六进制字符：请核对是否取错文件或已损坏")
    return text


def _document(home: Home, round_id: str) -> dict[str, Any]:
    path = office_path(home, round_id)
    if not path.is_file():
        raise SealingError(
            f"批次 {round_id} 的机关密值（keys/{path.name}）不在数据目录中：请改用纪检保管的第二份（--second-copy）"
        )
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        whole = document["format"] == FORMAT and document["round_id"] == round_id and len(document["layers"]) == 2
        bytes.fromhex(document["sealed"] + document["secret_sha256"])
        for layer in document["layers"]:
            whole = whole and len(bytes.fromhex(layer["salt"])) == 16 and len(bytes.fromhex(layer["nonce"])) == 12
            whole = whole and 2 <= layer["n"] <= _MOST and layer["r"] == 8 and layer["p"] == 1
    except (ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        raise SealingError(f"批次 {round_id} 的机关密值文件 keys/{path.name} 已损坏：请从备份恢复，或改用第二份")
    return document


def _cipher(layer: Mapping[str, Any], phrase: str) -> ChaCha20Poly1305:
    scrypt = Scrypt(salt=bytes.fromhex(layer["salt"]), length=32, n=layer["n"], r=layer["r"], p=layer["p"])
    return ChaCha20Poly1305(scrypt.derive(phrase.encode()))


def _bound(round_id: str, digest: str, layer: Mapping[str, Any]) -> bytes:
    """What a layer is tied to, so that nothing of the file can be exchanged."""
    return json_bytes([FORMAT, round_id, digest, dict(layer)])


def _normal(passphrase: str) -> str:
    return unicodedata.normalize("NFKC", passphrase).strip()


def _create(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet, for its owner alone."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
