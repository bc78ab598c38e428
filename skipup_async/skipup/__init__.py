"""The SkipUp API, one file a resource."""
