"""What can be asked: each question is data, checked where it enters.

One module for each kind, so that a command imports few.
"""
