"""One module a command, imported when it is called; each is parse, ask, render."""
