"""Care, not control (DESIGN §1, boundary 4): pure decisions. What a case rests on, when it ends, who may read it."""
