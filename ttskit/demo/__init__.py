"""The embedded corpus and `ttskit demo`."""
