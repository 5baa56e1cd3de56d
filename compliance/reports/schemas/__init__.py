"""The JSON Schemas of what is published here, as package data."""
