"""Tests for plugins and for stored objects."""
