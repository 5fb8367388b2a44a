"""What notify knows and decides: who is told what of a case, and a message's way to its end.

Pure: no input or output, and time is passed in.
"""
