"""What refers to a matter (its words, suggestions, files) can be written while somebody acts on it: no waiting, no deadlock."""

from __future__ import annotations

from datetime import timedelta

import psycopg
from django.db import connection

from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import Done, act
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write
from tests.factories import MONDAY, community, report


def test_a_row_that_refers_to_a_matter_does_not_stop_an_act(committed: str) -> None:
    receipt = report(community())
    with psycopg.connect(committed) as other:
        other.execute("SELECT 1 FROM matters_matter WHERE id = %s FOR KEY SHARE", [receipt.matter_id])  # what a foreign key takes
        with write():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            (done,) = act([Command(receipt.matter_id, Verb.SOLVE, MONDAY + timedelta(hours=1), text="好了")], actor=SYSTEM)
    assert isinstance(done, Done)
