"""The sections of the report as plain values for their templates.

All functions are pure functions of the material.
"""
