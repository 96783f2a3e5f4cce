-- The delivery whose content was taken in, or that we sent; what was only quarantined may
-- come again. The same by the interchange it holds, whatever stands around that.
SELECT file_id FROM files
WHERE sha256 IN (:sha256, :interchange) AND status IN ('applied', 'held', 'built', 'sent')
UNION ALL
SELECT interchanges.file_id FROM interchanges JOIN files USING (file_id)
WHERE interchanges.sha256 = :interchange AND files.status IN ('applied', 'held')
ORDER BY file_id LIMIT 1
