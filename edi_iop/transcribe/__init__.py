"""Loops <-> tables, by the table maps in maps/*.toml: one map a transaction, read both ways."""
