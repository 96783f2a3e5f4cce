-- One row an authorization and first day: the one delivered last. One without a number
-- (denied or pending) is told apart by its client.
SELECT * FROM (
  SELECT authorizations.*, ROW_NUMBER() OVER (
    PARTITION BY auth_number, from_date, CASE WHEN auth_number IS NULL THEN client_id END
    ORDER BY file_id DESC, "row" DESC
  ) AS newness
  FROM authorizations
)
WHERE newness = 1
ORDER BY client_id, from_date, auth_number
