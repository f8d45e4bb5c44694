"""The phone recogniser that judges robustness: `network`, its `batches` and `sentences`, and `training`, which keeps it.

`python -m ttskit.measure.recogniser PREPARED [RECIPE]` trains the recogniser of a corpus ahead of a comparison.
"""

from ttskit.measure.recogniser.network import PhoneRecogniser
from ttskit.measure.recogniser.training import TrainedRecogniser, load_or_train

__all__ = ["PhoneRecogniser", "TrainedRecogniser", "load_or_train"]
