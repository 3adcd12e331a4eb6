"""What goes wrong at modems, by name, a file for each subject."""
