"""Rules of place ledgers, hazards and draws: pure."""
