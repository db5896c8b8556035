"""Scaffolds that commands copy from."""
