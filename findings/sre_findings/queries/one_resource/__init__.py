"""Answers about single resources: the life of a vulnerability, and what two of them differ in."""
