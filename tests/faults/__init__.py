"""What may go wrong between a client and its service, produced on purpose: see `matrix.py`."""
