"""What is held: one package per chain for balances and state proofs, and the proofs that somebody controls the keys."""
