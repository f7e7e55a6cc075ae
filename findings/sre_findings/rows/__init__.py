"""Converts rows of tables to values of the model and to the format that Inspector sends."""
