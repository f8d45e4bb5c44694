"""The same results in less time: nothing here is needed to understand FastPitch, or to run it.

Each module is the fast way to something that `layers.py` or `lamb.py` says plainly; tests hold values and gradients to that.
"""
