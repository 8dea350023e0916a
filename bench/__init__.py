"""What the connector costs, as ratios to what Odoo itself costs, in one run.

`make bench` prints them; docs/performance.md holds the last ones and how to read them.
"""
