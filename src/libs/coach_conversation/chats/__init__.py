"""Chats: messages that clients keep themselves, answered at once or as a job."""
