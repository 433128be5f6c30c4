"""`ssj generate`: the sample city's deliveries of a month, written into an inbox."""

from __future__ import annotations

from pathlib import Path

import typer

from resources.settings import REFERENCE, Home
from supervision.months import check_month


def generate_city(
    month: str, *, enterprises: int | None, out: Path | None, registry: Path | None, seed: int, defects: float
) -> None:
    """Generate and say what was written."""
    from sample_city import generate

    check_month(month)
    folder = out if out is not None else Home.at().create().inbox
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    summary = generate(
        month,
        folder,
        enterprises=enterprises,
        registry=registry,
        seed=seed,
        defects=defects,
        codes=REFERENCE,
    )
    total = sum(summary.rows.values())
    typer.echo(
        f"已生成 {month} 示例城市：{summary.enterprises} 户，{len(summary.deliveries)} 批交付，{total} 行 → {folder}"
    )
