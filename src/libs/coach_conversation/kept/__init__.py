"""What is kept of a person beside the conversation: memories, workouts, summaries; written and recalled."""
