"""Resources: their types, names, owners, and what AWS reports about them."""
