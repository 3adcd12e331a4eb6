"""The AT commands of a simulated modem, a file for each subject."""
