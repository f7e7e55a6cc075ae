"""Rows of tables as values of the model, and back in the form in which Inspector sent them."""
