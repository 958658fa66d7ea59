"""Fixtures of the processor's tests."""

from tests.processor.world import template

__all__ = ["template"]
