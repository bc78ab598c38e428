"""The emulator against its own OpenAPI document: `nox -s conformance`. No test file, so pytest leaves it alone."""
