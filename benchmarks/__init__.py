"""What this package costs, measured beside its peers in one run."""
