-- One row a coverage: the one delivered last.
SELECT * FROM (
  SELECT clients.*, ROW_NUMBER() OVER (
    PARTITION BY client_id, payer_id, coverage_priority, coverage_from
    ORDER BY file_id DESC, "row" DESC
  ) AS newness
  FROM clients
)
WHERE newness = 1
ORDER BY client_id, coverage_from, coverage_priority, payer_id
