"""Which snapshot a question is about, what its caller may see, and what is cached."""
