-- A run begins, or is taken up again after it died.
INSERT INTO runs (run, as_of, status, started_at) VALUES (:run, :as_of, 'running', :at)
ON CONFLICT (run) DO UPDATE SET as_of = excluded.as_of
