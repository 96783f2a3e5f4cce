-- Lists overlap: an entry that a later list repeats is the same entry, two like entries of one
-- list are two. The nth of its kind in a file is the nth of its kind in every other.
SELECT * FROM (
  SELECT counted.*, ROW_NUMBER() OVER (
    PARTITION BY deposit_date, amount_cents, reference, description, account, nth
    ORDER BY file_id, "row"
  ) AS newness
  FROM (
    SELECT deposits.*, ROW_NUMBER() OVER (
      PARTITION BY file_id, deposit_date, amount_cents, reference, description, account
      ORDER BY "row"
    ) AS nth
    FROM deposits
  ) AS counted
)
WHERE newness = 1
ORDER BY deposit_date, file_id, "row"
