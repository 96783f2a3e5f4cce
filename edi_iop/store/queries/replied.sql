-- An answer to the same content that met the same end: a refusal is told once, and so is
-- what was taken in, whether it counts or is held.
SELECT replies.file_id FROM replies JOIN files AS answered ON answered.file_id = replies.answered_file
WHERE answered.sha256 = :sha256
  AND (answered.status = 'quarantined') = (:status = 'quarantined')
LIMIT 1
