"""What federation buys, and what skewed data costs."""
