"""What rows and numbers say about mistakes, apart from the loss itself.

`catalogue` names the thirty confusions; `hints` says what looks wrong in an input, `why` what
explains a number that somebody else's loop printed, `steps` derives a row's losses for `explain`.
"""
