"""Many calls at once: bounded, shown, resumable, and nobody is invited twice."""
