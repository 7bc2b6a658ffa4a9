"""What numbers and inputs say about mistakes: the catalogue, hints, recipes, steps."""
