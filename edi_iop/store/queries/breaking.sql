-- Lines that a rule stops, by rule: proposed ones (of file 0), or those sent.
SELECT rule, COUNT(*) FROM violations INDEXED BY idx_violations_breaking
WHERE severity IN ('block', 'hold') AND (file_id = 0) = :proposed
GROUP BY rule ORDER BY rule
