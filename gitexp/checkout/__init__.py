"""The pristine checkout that commits are measured in, and whether its files are what they must be."""
