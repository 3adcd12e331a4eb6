"""What one sees on the wire of each named trouble, a function for each name."""
