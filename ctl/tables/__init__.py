"""What a person sees: messages of the suite as tables and panels of rich.

Pure: words, names and a time zone in, something printable out.
"""
