"""Contracts for the local development chain: compiled JSON with its source beside it, so that no compiler is needed."""
