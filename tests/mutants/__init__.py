"""Small mistakes that a maintainer might make, and the tests that have to notice them."""
