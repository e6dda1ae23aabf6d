"""``uses``: which departments have said what they used evidence for, and which not."""

import time

from rich.table import Table

from api.consent_page import Text
from scripts.reading import reading
from scripts.screen import DataOption, both, console
from vault.clock import MS, legal_day
from vault.use_receipts import days_of


def uses(data: DataOption = None) -> None:
    """各部门说明用途的情况 · how departments stand with their use-receipts (read-only)."""
    now_ms = int(time.time() * MS)
    with reading(data) as opened:
        found = opened.tx.use_receipts.standings(now_ms=now_ms, today=days_of(legal_day(now_ms)))
        names = {one.department_id: opened.tx.departments.get(one.department_id) for one in found}
    screen = console()
    if not found:
        screen.print("还没有部门调取过材料 · no department has pulled anything yet")
        return
    table = Table(title=both(Text("用途说明", "use-receipts")), title_justify="left")
    heads = (
        Text("部门", "department"),
        Text("已说明", "said"),
        Text("未到期", "not yet due"),
        Text("逾期", "late"),
        Text("按时", "in time"),
    )
    for head in heads:
        table.add_column(both(head), overflow="fold")
    for one in sorted(found, key=lambda standing: (-standing.overdue, standing.department_id)):
        department = names[one.department_id]
        name = one.department_id.hex() if department is None else department.name_zh
        due = one.filed + one.overdue
        share = "" if not due else f"{100 * one.filed // due} %"
        table.add_row(name, str(one.filed), str(one.owed), str(one.overdue), share)
    screen.print(table)
