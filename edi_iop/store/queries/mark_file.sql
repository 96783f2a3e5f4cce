UPDATE files SET status = :status WHERE file_id = :file_id
