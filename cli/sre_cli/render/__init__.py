"""What the commands print: answers and plain records as text for a terminal."""
