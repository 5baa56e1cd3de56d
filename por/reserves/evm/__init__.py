"""Ethereum and its kin: headers, tries, balances by EIP-1186 proofs, and control by EIP-191, EIP-712 and EIP-1271."""
