"""Resources: their types, names, owners, coverage, and what AWS reports about them."""
