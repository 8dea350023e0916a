"""Jobs that do nothing, and jobs that keep a slot busy."""

import time

from odoo import api, models


class ResCurrency(models.Model):
    _inherit = "res.currency"

    @api.model
    def bench_enqueue(self, kind, count, seconds=0.0):
        """Enqueue jobs: kind "nothing" or "busy" (for so many seconds each)."""
        for _number in range(count):
            job = self.with_delay(priority=1, max_retries=1)
            if kind == "busy":
                job.bench_busy(seconds)
            else:
                job.bench_nothing()
        return True

    @api.model
    def bench_nothing(self):
        return True

    @api.model
    def bench_busy(self, seconds):
        """Work as a drain does: mostly Python, now and then a query."""
        stop_at = time.monotonic() + seconds
        while time.monotonic() < stop_at:
            sum(number * number for number in range(20000))
            self.env.cr.execute("SELECT count(*) FROM ir_model_fields")
