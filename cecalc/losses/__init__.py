"""The mathematics: pure functions on arrays of any array-API library, losses in nats.

`stable` holds the building blocks, `activations` softmax and sigmoid, `cross_entropy` and
`binary_cross_entropy` the losses; `checks` say what may go in.
"""
