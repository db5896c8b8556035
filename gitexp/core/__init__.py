"""Errors, values, files and locks: what every other part stands on."""
