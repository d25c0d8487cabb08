"""NetSleuth: a terminal explorer for packet captures and Windows event logs."""

__all__ = ["__version__"]

__version__ = "0.1.0"
