"""Answers as values, their JSON form, and the verdict."""
