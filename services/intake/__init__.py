"""intake: the window itself. Opens the case file, keeps it, strikes it off."""
