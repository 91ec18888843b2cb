"""Pages that run a model in the browser: static files, which ask nobody once they are loaded."""
