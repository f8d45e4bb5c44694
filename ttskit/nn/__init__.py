"""Parts that models share, each written once: public, with shapes and source, used by our own plugins and free for anyone's.

A module a subject; everything public can be imported from here.
"""

from ttskit.nn.masks import length_mask
from ttskit.nn.norms import MaskedBatchNorm1d, sum_over_processes
from ttskit.nn.packing import weight_state

__all__ = ["MaskedBatchNorm1d", "length_mask", "sum_over_processes", "weight_state"]
