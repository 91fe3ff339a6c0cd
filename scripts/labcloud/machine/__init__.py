"""What the lab takes from the machine: packages, virtual environment, virtualization, ports on the loopback."""
