"""Answers as values, their JSON, and the verdict."""
