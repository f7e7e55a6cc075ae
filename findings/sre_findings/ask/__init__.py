"""Questions and their answers: the only way to a number for every mouth of the product."""
