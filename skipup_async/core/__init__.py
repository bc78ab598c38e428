"""How a call is made. Knows no service."""
