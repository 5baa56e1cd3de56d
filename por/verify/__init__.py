"""Every check, as pure functions over documents. Nothing in a checked file is trusted: docs/spec/verification.md."""
