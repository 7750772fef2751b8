"""The places that can be asked: who is there, one that is not, and comparing them."""
