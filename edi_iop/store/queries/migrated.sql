-- A row where the database keeps which migrations it has had.
SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlite_migrations'
