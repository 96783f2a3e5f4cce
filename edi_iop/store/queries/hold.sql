-- The workspace belongs to this run; every beat says that it still lives.
INSERT INTO locks (name, run, pid, host, beat) VALUES ('run', :run, :pid, :host, :beat)
ON CONFLICT (name) DO UPDATE SET run = excluded.run, pid = excluded.pid,
  host = excluded.host, beat = excluded.beat
