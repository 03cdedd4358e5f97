"""The facts of every matter, one row each: the one source that every figure is counted from."""

from django.db import migrations

# Nothing here depends on the present: what is open and overdue now is said by the selectors, which know the program's clock.
# Late filing, dispatch and handling: the clock moved the matter up while it waited for that step.
FACTS = """
CREATE VIEW matters_fact AS
SELECT m.id, m.code, m.kind, m.class_code, m.condition, m.confidentiality, m.area_id, m.area_path, m.placing, m.level, m.closed_level, m.state,
    m.outcome, m.source, m.urgent, m.reported_at, m.filed_at, m.dispatched_at, m.handled_at, m.closed_at,
    coalesce(m.extended_due_at, m.due_at) AS due_at,
    CASE WHEN m.closed_at IS NOT NULL THEN m.closed_at <= coalesce(m.extended_due_at, m.due_at) END AS on_time,
    m.reopenings, m.returns, m.extensions,
    r.reporters, r.rated, r.solved_yes, r.satisfied,
    s.first_action_at, coalesce(s.late_response, false) AS late_response, coalesce(s.late_filing, false) AS late_filing,
    coalesce(s.late_dispatch, false) AS late_dispatch, coalesce(s.late_handling, false) AS late_handling
FROM matters_matter m
LEFT JOIN LATERAL (
    SELECT count(*)::int AS reporters, count(rating)::int AS rated, (count(*) FILTER (WHERE rating IS NOT NULL AND solved))::int AS solved_yes,
        (count(*) FILTER (WHERE rating >= 4))::int AS satisfied
    FROM matters_report WHERE matter_id = m.id
) r ON true
LEFT JOIN LATERAL (
    SELECT min(at) FILTER (WHERE version > 1 AND actor <> 'system:clock') AS first_action_at,
        bool_or(version = 2 AND verb = 'time_out') AS late_response,
        bool_or(verb = 'time_out' AND from_state = 'reported') AS late_filing,
        bool_or(verb = 'time_out' AND from_state = 'filed') AS late_dispatch,
        bool_or(verb = 'time_out' AND from_state = 'dispatched') AS late_handling
    FROM matters_step WHERE matter_id = m.id
) s ON true
"""


class Migration(migrations.Migration):
    dependencies = [("matters", "0002_invariants")]

    operations = [migrations.RunSQL(FACTS, "DROP VIEW matters_fact")]
