"""The synthetic facility whose files are measured, and its first payer, as settings.toml has them."""

from __future__ import annotations

FACILITY = """\
usage = "T"
[facility]
name = "Sunridge Recovery"
npi = "1234567893"
tin = "990000002"
taxonomy = "261QR0405X"
address1 = "20 Hill Rd"
city = "Portland"
state = "ME"
zip = "041010020"
[submitter]
name = "Sunridge"
id = "SUNRIDGE"
contact = "Billing Office"
phone = "2075550199"
[[partners]]
id = "CLEARHOUSE"
name = "Clearhouse"
[[payers]]
id = "HARBR"
name = "Harbor Health Plan"
policy = "harbor"
partner = "CLEARHOUSE"
"""
