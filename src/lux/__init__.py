"""LUX: self-hosted marketing automation in which nothing leaves the house without a yes."""

__version__ = "0.1.0"
