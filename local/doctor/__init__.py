"""Is a deployed service well? One check after the other, each with what is expected and what is seen.

`visitor` asks (the only I/O), `open_checks`, `signed_checks` and `turn_checks` hold what is expected,
`examination` runs them in order, `report` prints them.
"""
