-- The migrations the database has had, as sqlite-utils keeps them.
SELECT name FROM _sqlite_migrations WHERE migration_set = 'edi_iop' ORDER BY rowid
