"""What insight asks of a playbook: the permission to see figures. The figures themselves follow from the matters section."""

from __future__ import annotations

from linli.kernel.access.rules import declare
from linli.kernel.refusal import N_

READ = declare("insight.read", text=N_("see figures: funnel, rates, clocks"))
