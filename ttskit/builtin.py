"""What the core itself offers, through the same entry points as everyone: readers, pitch, metrics, commands."""
