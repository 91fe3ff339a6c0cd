"""``./scripts/bench truth``: the truth tests at ten times their size, and what their judges were asked, added up.

The tests stay where tests are: this runs pytest on them with a larger budget and reads the counts that they report as properties
(``tests/truth/counts.py`` says which), so nothing of the comparison is written twice.
"""
