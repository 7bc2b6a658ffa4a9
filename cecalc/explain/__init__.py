"""Both losses of the same rows, step by step."""
