-- What a run took in of answers: remit claims, those that answer a claim of ours, lines, and those lines of
-- the latter that answer no line of it, where it matters; each once, where one is posted to several claims too.
SELECT COUNT(*) AS claims, COALESCE(SUM(matched), 0), COALESCE(SUM(lines), 0),
  COALESCE(SUM(matched * open), 0) FROM (
  SELECT MAX(p.claim_file_id IS NOT NULL) AS matched, (
      SELECT COUNT(*) FROM remit_lines AS l
      WHERE l.file_id = p.file_id AND l.remit_claim_offset = p.remit_claim_offset
    ) AS lines, (
      SELECT COUNT(*) FROM matches AS m
      WHERE m.file_id = p.file_id AND m.remit_claim_offset = p.remit_claim_offset
        AND m.remit_line_offset IS NOT NULL AND m.line_offset IS NULL AND m.alike_offset IS NULL
    ) AS open
  FROM postings AS p
  WHERE p.file_id IN (SELECT file_id FROM files WHERE run = :run AND direction = 'in')
  GROUP BY p.file_id, p.remit_claim_offset
)
