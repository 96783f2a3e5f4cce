-- The file with an interchange to which the same sender gave the same number, for the same receiver.
SELECT file_id FROM interchanges
WHERE interchange_control = :interchange_control AND sender_id = :sender_id
  AND sender_qualifier IS :sender_qualifier AND receiver_qualifier IS :receiver_qualifier
  AND receiver_id IS :receiver_id
ORDER BY file_id LIMIT 1
