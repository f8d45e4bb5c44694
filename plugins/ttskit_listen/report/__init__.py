"""What `ttskit listen analyse` writes: one page, tables, a paragraph of methods."""
