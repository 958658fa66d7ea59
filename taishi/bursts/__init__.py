"""Bursts: a technique at more enterprises of a region or industry than its own past makes likely. See docs/spec/bursts.md."""
