"""Commands that set up the command line: its settings file, the completion of a shell."""
