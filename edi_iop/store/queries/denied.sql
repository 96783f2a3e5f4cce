-- Denied lines that a run took in, by verdict and rule.
SELECT verdict, COALESCE(rule, 'none'), COUNT(*) FROM verdicts
WHERE file_id IN (SELECT file_id FROM files WHERE run = :run AND direction = 'in')
  AND kind IS NOT 'reduced'
GROUP BY 1, 2 ORDER BY 1, 2
