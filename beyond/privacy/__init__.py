"""Chapter 7: is it private? What the wire shows, what an update tells, what defends it, and the price."""
