"""Acceptance stories of playbooks: what has to come true when one is applied to an empty community.

``story`` the schema of ``scenario.yaml`` · ``telling`` a story lived through by the services, each expectation checked ·
``generated`` many records of a fixed seed, for the shape that a method promises.
"""
