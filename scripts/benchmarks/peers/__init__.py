"""The tools that ringfence is measured and judged against, each behind one interface and used as well as it allows.

They share no code with :mod:`infra.packets`: a peer sees boxes of plain integers. ``tests/truth/sets`` takes its judges from here.
"""
