-- What a run took in of answers: remit claims, those that answer a claim of ours, and lines; each once,
-- however many rows tell of it.
SELECT COUNT(*) AS claims, COALESCE(SUM(matched), 0), COALESCE(SUM(lines), 0) FROM (
  SELECT MAX(remit_line_offset IS NULL AND claim_file_id IS NOT NULL) AS matched,
    COUNT(DISTINCT remit_line_offset) AS lines
  FROM matches
  WHERE file_id IN (SELECT file_id FROM files WHERE run = :run AND direction = 'in')
  GROUP BY file_id, remit_claim_offset
)
