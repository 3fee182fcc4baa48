"""Speed and quality scores."""
