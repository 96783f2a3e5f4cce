-- The newest version of each record, cancelled records left out. Every version stays in
-- the table. A row without a version is older than any with one; of equals the later delivery holds.
SELECT * FROM (
  SELECT encounters.*, ROW_NUMBER() OVER (
    PARTITION BY source_record_id
    ORDER BY record_version DESC, file_id DESC, "row" DESC
  ) AS newness
  FROM encounters
)
WHERE newness = 1 AND record_action IS NOT 'cancel'
ORDER BY file_id, "row"
