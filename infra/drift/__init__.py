"""Whether a cloud is as it was declared: one comparison of what is wanted with what is found, both ways, object by object. Pure.

``Wanted`` is rendered from topology and policy, ``Found`` is a listing of the cloud, and ``Made`` are the ids that the stacks have: an
object is the one that a stack made, or undeclared. What differs is a :class:`~infra.drift.deviation.Deviation`; ``ringfence verify``
shows all deviations from one requirement as an outcome.
"""
