-- One row a provider, payer (null: the roster) and first day: the one delivered last.
SELECT * FROM (
  SELECT providers.*, ROW_NUMBER() OVER (
    PARTITION BY npi, payer_id, from_date
    ORDER BY file_id DESC, "row" DESC
  ) AS newness
  FROM providers
)
WHERE newness = 1
ORDER BY npi, payer_id, from_date
