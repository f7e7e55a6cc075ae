"""Queries as data, validated where they enter the product.

There is one module per topic, so that a command imports only a few.
"""
