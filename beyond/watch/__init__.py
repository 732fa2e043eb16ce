"""A page that shows a run in the browser, live and replayed; it only reads the run's directory."""
