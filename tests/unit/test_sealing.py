"""Salt key and secret: made once, opened by two, told to nobody (DRAW.md §3.3)."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from resources import sealing
from resources.sealing import SealingError
from resources.settings import Home

ROUND = "YC-2026-10"
BOTH = {"CREDIT": "甲乙丙丁戊己庚辛壬癸子丑", "LEADER": "correct horse battery"}
CHEAP = 1 << 10


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home").create()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_salt_key_is_made_once_a_year(home: Home) -> None:
    first = sealing.salt_key(home, 2026)
    assert len(first) == 32 and sealing.salt_key(home, 2026) == first != sealing.salt_key(home, 2027)
    path = home.keys / "salt-2026.key"
    assert mode(path) == 0o600 and len(list(home.keys.iterdir())) == 2
    path.write_text("short")
    with pytest.raises(SealingError, match=r"salt-2026\.key 已损坏"):
        sealing.salt_key(home, 2026)


def test_secrets_are_fresh() -> None:
    made = {sealing.new_secret() for _ in range(50)}
    assert len(made) == 50 and all(len(bytes.fromhex(each)) == 32 and each == each.lower() for each in made)


def test_both_passphrases_open_it_in_any_order_and_neither_alone(home: Home) -> None:
    secret = sealing.new_secret()
    path = sealing.seal_office_copy(home, ROUND, secret, BOTH, cost=CHEAP)
    assert mode(path) == 0o600 and secret not in path.read_text()
    assert json.loads(path.read_bytes())["secret_sha256"] == hashlib.sha256(secret.encode()).hexdigest()
    assert sealing.office_roles(home, ROUND) == ("CREDIT", "LEADER")
    assert sealing.open_office_copy(home, ROUND, dict(reversed(BOTH.items()))) == secret
    for role in BOTH:
        with pytest.raises(SealingError, match=f"“{role}”参与封存"):
            sealing.open_office_copy(home, ROUND, {k: v for k, v in BOTH.items() if k != role})
        with pytest.raises(SealingError, match=f"“{role}”的口令不对") as told:
            sealing.open_office_copy(home, ROUND, BOTH | {role: "a wrong passphrase"})
        assert "wrong" not in str(told.value)


def test_the_cost_of_guessing_is_what_it_says(home: Home) -> None:
    layers = json.loads(sealing.seal_office_copy(home, ROUND, "a" * 64, BOTH).read_bytes())["layers"]
    assert [(each["n"], each["r"], each["p"]) for each in layers] == [(2**17, 8, 1)] * 2
    assert layers[0]["salt"] != layers[1]["salt"]
    assert sealing.open_office_copy(home, ROUND, BOTH) == "a" * 64


@pytest.mark.parametrize(
    ("phrases", "said"),
    [
        ({"CREDIT": "short", "LEADER": BOTH["LEADER"]}, "“CREDIT”的口令太短"),
        ({"CREDIT": BOTH["LEADER"], "LEADER": BOTH["LEADER"] + " "}, "口令相同"),
        ({"CREDIT": BOTH["CREDIT"]}, "两个不同角色"),
    ],
)
def test_what_one_person_could_open_is_not_sealed(home: Home, phrases: dict[str, str], said: str) -> None:
    with pytest.raises(SealingError, match=said):
        sealing.seal_office_copy(home, ROUND, "a" * 64, phrases, cost=CHEAP)
    assert not sealing.office_path(home, ROUND).exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d | {"round_id": "YC-2026-11"},
        lambda d: d | {"layers": d["layers"][:1]},
        lambda d: d | {"sealed": "zz"},
        lambda d: d | {"layers": [d["layers"][0] | {"n": 1 << 30}, d["layers"][1]]},
        lambda d: d | {"layers": [d["layers"][0] | {"nonce": "00"}, d["layers"][1]]},
        lambda d: [],
    ],
)
def test_a_damaged_office_copy_sends_to_the_second(home: Home, spoil) -> None:  # type: ignore[no-untyped-def]
    path = sealing.seal_office_copy(home, ROUND, "a" * 64, BOTH, cost=CHEAP)
    path.write_text(json.dumps(spoil(json.loads(path.read_bytes()))))
    with pytest.raises(SealingError, match=r"已损坏.*第二份"):
        sealing.open_office_copy(home, ROUND, BOTH)


def test_one_byte_of_the_sealed_text_changed_is_seen(home: Home) -> None:
    path = sealing.seal_office_copy(home, ROUND, "a" * 64, BOTH, cost=CHEAP)
    document = json.loads(path.read_bytes())
    for key in ("sealed", "secret_sha256"):
        first = "0" if document[key][0] != "0" else "1"
        path.write_text(json.dumps(document | {key: first + document[key][1:]}))
        with pytest.raises(SealingError, match="封存文件被改动"):
            sealing.open_office_copy(home, ROUND, BOTH)
    path.unlink()
    with pytest.raises(SealingError, match="--second-copy"):
        sealing.open_office_copy(home, ROUND, BOTH)


def test_the_second_copy_is_what_sha256sum_expects(home: Home, tmp_path: Path) -> None:
    secret, path = sealing.new_secret(), tmp_path / "纪检.txt"
    sealing.write_second_copy(home, path, secret)
    assert mode(path) == 0o600
    assert hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(secret.encode()).hexdigest()
    assert sealing.read_second_copy(path) == secret
    path.chmod(0o600)
    path.write_text(f"{secret}\r\n")
    assert sealing.read_second_copy(path) == secret
    for wrong in (secret.upper(), secret[:-1], secret + "0", "密值"):
        path.write_text(wrong)
        with pytest.raises(SealingError, match="不是 64 位") as told:
            sealing.read_second_copy(path)
        assert secret[:20] not in str(told.value)
    with pytest.raises(SealingError, match="无法读取"):
        sealing.read_second_copy(tmp_path / "none")


def test_the_second_copy_leaves_the_house_and_covers_nothing(home: Home, tmp_path: Path) -> None:
    inside = home.root / "keys" / "second.txt"
    with pytest.raises(SealingError, match="数据目录"):
        sealing.write_second_copy(home, inside, "a" * 64)
    os.symlink(home.keys, tmp_path / "stick")
    with pytest.raises(SealingError, match="数据目录"):
        sealing.write_second_copy(home, tmp_path / "stick" / "second.txt", "a" * 64)
    taken = tmp_path / "taken"
    taken.write_text("x")
    with pytest.raises(SealingError, match="已存在"):
        sealing.write_second_copy(home, taken, "a" * 64)
    with pytest.raises(SealingError, match="文件夹"):
        sealing.write_second_copy(home, tmp_path / "none" / "x", "a" * 64)
    assert taken.read_text() == "x" and not inside.exists()
