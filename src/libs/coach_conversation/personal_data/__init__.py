"""All of a person's data at once: given out, or gone."""
