"""Documents that are known before they are asked for: named by an id, and trusted to run."""
