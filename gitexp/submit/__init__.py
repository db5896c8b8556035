"""Handing a better result over for merging."""
