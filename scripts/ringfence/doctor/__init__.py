"""An examination of a cloud before anything is made in it: what is lacking, why that matters, and the command that mends it.

Reads only. ``collect`` asks, ``checks`` judge what was answered, ``examination`` brings both together.
"""
