"""What a turn is in the table: keys and items, and every change of state with its condition."""
