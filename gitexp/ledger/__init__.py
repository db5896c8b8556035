"""Rows of results: written once, read forgivingly."""
