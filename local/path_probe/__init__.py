"""Does a path buffer? What arrives when, against when its server said it was sent.

`arrivals` reads a response and notes the time of each piece, `timing` and `verdict` judge the times,
`causes` guesses from the headers who holds the stream back and what to do about it, `report` words it.
"""
