"""The statistics that compare, study, listen, fit and drift share: what holds for models, not for the files that were trained.

The unit that is drawn again for a claim about models is the run, one training with its own seed; sentences are crossed with
runs; seeds of synthesis of one sentence are averaged first. `trials` holds one measure's numbers; `estimates` gives means and
contrasts with their two-way interval, `factors` the effects of a factorial design, `mixed` the linear mixed model beside it,
`counts` shares and counts; `words` says what may be said, `variances` and `power` how large a study must be.
"""

from ttskit.measure.inference.estimates import Estimate, contrast, mean
from ttskit.measure.inference.trials import Trials, trials_of
from ttskit.measure.inference.words import Word, holm, word, words_of

__all__ = ["Estimate", "Trials", "Word", "contrast", "holm", "mean", "trials_of", "word", "words_of"]
