"""Arrays in .npy, .npz, .safetensors and .pt files, read a window of their first axis at a time.

Memory stays that of a window, but for .pt and arrays in Fortran's order, which are held as a whole.
"""
