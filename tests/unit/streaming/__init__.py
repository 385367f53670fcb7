"""Framing, wires and failures of provider streams."""
