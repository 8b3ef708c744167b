"""Talking to a coach in a terminal.

`steady` gives a turn's events over as many connections as it takes, `reader` reads them beside the screen,
`turn` shows one turn and hears Ctrl-C, `live_view` draws it, `slash` and `session` are the conversation
around it, and `prompt` is where a person types.
"""
