"""The rule set, the one judge, and the ways in which changes are gathered for it."""
