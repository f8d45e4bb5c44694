"""Audio: the mel contract, mel extraction, files, pitch, loudness, trimming (import the submodules)."""
