"""Words whose reading is listed: the built-in loans and names, a project's own, and phonemes written in the text."""
