-- Takes :count numbers of a counter; the last one taken is its value.
INSERT INTO counters (name, value) VALUES (:name, :count)
ON CONFLICT (name) DO UPDATE SET value = value + excluded.value
