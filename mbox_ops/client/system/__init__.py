"""What the machine and the process do while a run goes on: readings, and the thread that logs them."""
