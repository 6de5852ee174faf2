"""What holds for all tests."""

import os

# As nasea itself does before it loads torch: tests share their machine with other things.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
