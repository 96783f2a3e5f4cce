UPDATE files SET status = :status, reason = COALESCE(:reason, reason) WHERE file_id = :file_id
