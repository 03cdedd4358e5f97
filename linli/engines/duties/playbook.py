"""The permissions of duties, and (below) the playbook's ``duties`` section."""

from __future__ import annotations

from linli.kernel.access.rules import declare
from linli.kernel.refusal import N_

READ = declare("duties.read", text=N_("see duties"))
ACT = declare("duties.act", text=N_("carry out duties: check in, take over, say why one was missed"))
JUDGE = declare("duties.judge", text=N_("accept an excuse for a missed duty"))
MANAGE = declare("duties.manage", text=N_("say whom or what duties are about"))
