"""Sanctions screening."""
