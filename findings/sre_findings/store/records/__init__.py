"""Small records of a store: the table (SQLite or DynamoDB) and the kinds of rows in it."""
