"""The main job, shown on a real opencode: `make demo`."""
