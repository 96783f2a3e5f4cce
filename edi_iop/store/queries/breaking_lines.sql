-- How many lines some rule stops: proposed ones (of file 0), or those sent.
SELECT COUNT(*) FROM (
  SELECT DISTINCT file_id, claim_offset, line_offset FROM violations INDEXED BY idx_violations_breaking
  WHERE severity IN ('block', 'hold') AND (file_id = 0) = :proposed
)
