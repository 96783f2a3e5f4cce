"""Tables and payer policy to violations: what may be billed, and why a denial is right or wrong."""
