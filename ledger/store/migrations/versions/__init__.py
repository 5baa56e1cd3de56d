"""The migrations in their order, each with the tables as they were in its day."""
