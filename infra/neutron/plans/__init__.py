"""What ``pulumi preview --json`` prints, as the snapshot of the cloud after ``pulumi up``."""
