-- One row a provider and first day on the roster: the one delivered last.
SELECT * FROM (
  SELECT providers.*, ROW_NUMBER() OVER (
    PARTITION BY npi, from_date
    ORDER BY file_id DESC, "row" DESC
  ) AS newness
  FROM providers
)
WHERE newness = 1
ORDER BY npi, from_date
