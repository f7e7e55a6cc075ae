"""The product's questions as one Protocol, answered from the store here or by a server."""
