"""One search over everything: what every room contributes, in the palette and as a page of its own."""
