"""A CHECK that admits more than before: nothing that is stored has to be written anew."""

from alembic import op

from vault.errors import StorageError


def widen(table: str, name: str, *, before: str, after: str) -> None:
    """Let the CHECK ``name`` of ``table`` say ``after`` where it said ``before`` (expand).

    SQLite cannot alter a constraint; its manual's way for one that leaves the stored rows as
    they are is to correct the text of the schema (ALTER TABLE, section 7).

    Raises:
        StorageError: The table has no such CHECK.
    """
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, after)
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?)"
        " WHERE type = 'table' AND name = ? AND instr(sql, ?) > 0",
        (f"{name} CHECK ({before})", f"{name} CHECK ({after})", table, f"{name} CHECK ({before})"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
    if changed.rowcount != 1:
        raise StorageError("a rule of the database is not the one that it should be")
