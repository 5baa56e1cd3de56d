"""Jinja2 templates for reports, statements and public pages, shipped as package data. No logic beyond showing."""
