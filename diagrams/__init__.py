"""The lesson's drawings: `build` draws the `scenes`, from what `shapes` and `glyphs` know."""
