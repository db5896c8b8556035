"""The stubs that git runs; written into a repository by `git exp hook install`."""
