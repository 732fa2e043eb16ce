"""Chapter 6: what federation buys, and what skewed data costs."""
