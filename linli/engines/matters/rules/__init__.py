"""The matter's rules: pure values in, decisions out.

``states`` the table · ``policy`` what a playbook decided · ``case`` one matter's facts · ``clocks`` deadlines and the
backstop · ``decide`` one command on one matter · ``duplicates`` likeness of two reports · ``words`` text made public.
"""
