"""The personnel file of the demonstration: invented names and certificate numbers behind the inspectors' ids.

It is no delivery: it lies in `confidential/` beside the deliveries, readable by its owner alone. Not here: the roster.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

from sample_city.columns import random
from sample_city.departments import Calendar
from sample_city.people import Staff

FILE = "personnel.csv"
_FAMILY = "厉逯桓訾苌郜郏璩邰逄禚郇"  # rare names, rare signs: nobody is called so
_GIVEN = "砚翎槿栩珩琇瑄昱晗烨泓湉桉樾枫檀"


def write(folder: Path, seed: int, when: Calendar, staff: Staff) -> None:
    """Write `folder`/personnel.csv, mode 0600; the people are the same in every month of a city."""
    rng = random(seed, when.months[0].month, "personnel")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("人员工号", "姓名", "执法证编号"))
        for number, inspector in enumerate(staff.inspector.to_pylist(), start=1):
            family, first, second = (int(i) for i in rng.integers(0, (len(_FAMILY), len(_GIVEN), len(_GIVEN))))
            lines.writerow((inspector, _FAMILY[family] + _GIVEN[first] + _GIVEN[second], f"1408{number:07d}"))
