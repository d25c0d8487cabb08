"""The parts of the main screen; each draws a frozen result and knows nothing of where it came from."""
