-- The run that died before its end, if one did.
SELECT run FROM runs WHERE status = 'running' ORDER BY rowid DESC LIMIT 1
