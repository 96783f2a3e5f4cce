-- The delivery whose content was taken in, or that we sent; what was only quarantined may
-- come again.
SELECT file_id FROM files
WHERE sha256 = :sha256 AND status IN ('applied', 'held', 'built', 'sent')
ORDER BY file_id LIMIT 1
