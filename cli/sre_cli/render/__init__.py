"""The output of the commands: answers and plain records as text for a terminal."""
