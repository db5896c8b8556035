"""The lab: a repository whose trunk holds gitexp.yaml."""
