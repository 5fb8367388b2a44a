"""Paper slips for where telephones are banned: the pads that are printed, the sheet typed in."""
