"""Names of alignments are plain folder names, and nothing computed replaces the recordings' own times."""

import pytest

from ttskit.corpus.prepared import require_alignment_name
from ttskit.errors import UsageError


@pytest.mark.parametrize(
    ("name", "words"), [("reference", "the recordings' own"), ("../x", "cannot name"), ("a/b", "cannot name")]
)
def test_names_that_would_write_elsewhere_are_refused(name, words):
    with pytest.raises(UsageError, match=words):
        require_alignment_name(name)
    require_alignment_name("mfa-2")
