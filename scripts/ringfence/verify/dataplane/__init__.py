"""What really switches packets: OVN's own records, read behind a command prefix and judged elsewhere."""
