"""`make bench`: how fast it is, each figure beside a peer's of the same run.

Times on a machine that others use mean little; the ratio to a plain program that does the same work, taken
in turn with it, round by round, means something. `comparison` holds that, each other module one part.
"""
