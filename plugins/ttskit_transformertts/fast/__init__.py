"""The decoder as it runs when it speaks: the same functions of the same weights as `decoder.py`, without repeating work."""
