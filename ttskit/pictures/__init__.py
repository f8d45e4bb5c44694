"""The one home of pictures: spectrograms, alignments and F0 (`speech`), attention over time (`attention`), charts (`charts`).

Drawn without a display; matplotlib is imported when something is drawn.
"""
