"""The store: the only room that knows SQL. Plain functions over a connection, one module per noun."""
