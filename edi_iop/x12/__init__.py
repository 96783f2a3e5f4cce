"""Bytes <-> segments: separators, the segment frame, envelopes, the writer's last step."""
