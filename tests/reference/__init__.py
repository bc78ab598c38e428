"""The API reference: what is public, what is said of it, and `python -m tests.reference` to write it as HTML."""
