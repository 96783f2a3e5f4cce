"""Segments -> loops and findings: the guides, the automaton that walks them, the checks."""
