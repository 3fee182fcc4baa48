"""What a rescue found, as things to look at: a map of the broken file in text, a picture of it, a summary."""
