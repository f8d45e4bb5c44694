"""How a listening test is made: sources, choice of sentences, levels, squares, forms."""
