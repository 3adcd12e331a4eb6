"""What holds for every test."""

import os

from hypothesis import settings

# Everywhere the same time; HYPOTHESIS_PROFILE=thorough looks longer.
settings.register_profile("quick", max_examples=40)
settings.register_profile("thorough", max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
