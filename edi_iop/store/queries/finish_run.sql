UPDATE runs SET status = 'done', finished_at = :at, receipt = :receipt WHERE run = :run
