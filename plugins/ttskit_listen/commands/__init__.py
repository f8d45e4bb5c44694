"""The commands of `ttskit listen`, one module each; each imports what it needs when it runs."""
