"""The server of the second floor: the same lanes, parsing and rendering, and a batcher that answers at once."""

from __future__ import annotations

import os
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")

from linli.config.asgi import Application
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.services.report import ReportReceipt
from linli.interfaces.lanes.batcher import Answer, Batcher, Identify
from linli.kernel.ids import new_id


class EmptyBatcher(Batcher):
    """Answers without a database."""

    async def report(self, request: ReportRequest, *, identify: Identify) -> Answer:
        return ReportReceipt(new_id(), "260101-ABCDEFGH", "ABCD-EFGH-JKMN", new_id(), "a/", "inside", request.at + timedelta(hours=8))


application = Application()
application.batcher = EmptyBatcher()
