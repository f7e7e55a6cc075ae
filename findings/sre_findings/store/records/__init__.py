"""Small rows of a store: a table in SQLite or DynamoDB, and the kinds of rows in it."""
